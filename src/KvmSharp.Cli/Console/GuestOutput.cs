namespace KvmSharp.Cli;

/// <summary>Writes what the guest sends, on a thread of its own: all that has gathered goes out in one burst and is flushed.</summary>
/// <remarks>A slow reader holds the guest back as soon as 64 KiB wait, so a guest cannot fill the host's memory.</remarks>
internal sealed class GuestOutput : IDisposable
{
    private const int Limit = 64 * 1024;

    // A guest that sends byte by byte shall not cost a wake-up and a system call for each.
    private const int GatherMilliseconds = 1;

    private const byte LineFeed = (byte)'\n';

    private readonly object _lock = new();
    private readonly Stream _stream;
    private readonly Action<Exception> _failed;
    private readonly Thread _writer;
    private byte[] _gathered = new byte[Limit];
    private byte[] _written = new byte[Limit];
    private int _count;
    private bool _idle = true;
    private bool _ending;
    private bool _broken;
    private bool _draining;
    private byte _last = LineFeed;

    /// <summary>Starts the writer.</summary>
    /// <param name="stream">The place that the bytes go to; owned from now on.</param>
    /// <param name="failed">Called on the writer's thread when the place takes no more.</param>
    public GuestOutput(Stream stream, Action<Exception> failed)
    {
        _stream = stream;
        _failed = failed;
        _writer = new Thread(WriteBursts) { IsBackground = true, Name = "serial output" };
        _writer.Start();
    }

    /// <summary>Gets a value indicating whether the guest has left its last line open.</summary>
    public bool IsWithinLine
    {
        get
        {
            lock (_lock)
            {
                return _last != LineFeed;
            }
        }
    }

    /// <summary>Adds a byte. It never blocks; past the limit the array grows until <see cref="WaitForRoom"/> holds the guest.</summary>
    public void Write(byte value)
    {
        lock (_lock)
        {
            if (_broken)
            {
                return;
            }

            if (_count == _gathered.Length)
            {
                Array.Resize(ref _gathered, 2 * _gathered.Length); // one REP OUTS is one exit of bounded size
            }

            _gathered[_count++] = value;
            _last = value;
            if (_count == 1)
            {
                Monitor.PulseAll(_lock);
            }
        }
    }

    /// <summary>Waits while too much is gathered.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    public void WaitForRoom(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _count) < Limit)
        {
            return;
        }

        const int CheckMilliseconds = 20;
        lock (_lock)
        {
            while (_count >= Limit && !_broken && !cancellation.IsCancellationRequested)
            {
                Monitor.Wait(_lock, CheckMilliseconds);
            }
        }
    }

    /// <summary>Waits until all is written.</summary>
    /// <param name="limit">How long to wait for a slow reader.</param>
    public void Drain(TimeSpan limit)
    {
        long end = limit == Timeout.InfiniteTimeSpan ? long.MaxValue : Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_lock)
        {
            _draining = true;
            Monitor.PulseAll(_lock);
            while ((_count > 0 || !_idle) && !_broken && Environment.TickCount64 < end)
            {
                Monitor.Wait(_lock, (int)Math.Min(1000, end - Environment.TickCount64));
            }

            _draining = false;
        }
    }

    /// <summary>Ends the writer. What was not drained is lost.</summary>
    public void Dispose()
    {
        bool idle;
        lock (_lock)
        {
            _ending = true;
            idle = _idle;
            Monitor.PulseAll(_lock);
        }

        // A writer that hangs in a full pipe dies with the process.
        if (idle)
        {
            _writer.Join();
            _stream.Dispose();
        }
    }

    private void WriteBursts()
    {
        while (TryTakeBurst(out int count))
        {
            try
            {
                _stream.Write(_written, 0, count);
                _stream.Flush();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                lock (_lock)
                {
                    _broken = true;
                    _idle = true;
                    _count = 0;
                    Monitor.PulseAll(_lock);
                }

                _failed(e);
                return;
            }
        }
    }

    private bool TryTakeBurst(out int count)
    {
        lock (_lock)
        {
            _idle = true;
            Monitor.PulseAll(_lock);
            while (_count == 0 && !_ending)
            {
                Monitor.Wait(_lock);
            }

            if (!_ending && !_draining)
            {
                Monitor.Wait(_lock, GatherMilliseconds);
            }

            (_gathered, _written) = (_written, _gathered);
            (count, _count) = (_count, 0);
            _idle = count == 0;
            return count > 0;
        }
    }
}
