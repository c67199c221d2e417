namespace KvmSharp.Cli;

/// <summary>Reads bytes for the guest on a thread of its own, and reads no further while 64 KiB wait for the guest.</summary>
/// <remarks>The end of the input, or an error, only means that no more bytes come: it never ends the guest.</remarks>
internal sealed class GuestInput
{
    private const int Limit = 64 * 1024;
    private const int ChunkBytes = 4096;

    private readonly object _lock = new();
    private readonly Queue<byte> _waiting = new();
    private readonly Stream _stream;
    private readonly TerminalEscape? _escape;
    private Action? _arrived;
    private bool _ended;
    private long _lastArrival = Environment.TickCount64;

    /// <summary>Starts to read.</summary>
    /// <param name="stream">Where from.</param>
    /// <param name="escape">Takes out the escapes of a terminal; null for other input, which is passed as it is.</param>
    public GuestInput(Stream stream, TerminalEscape? escape)
    {
        _stream = stream;
        _escape = escape;
        new Thread(ReadAll) { IsBackground = true, Name = "serial input" }.Start();
    }

    /// <summary>Sets what is called, on the reader's thread, when bytes have arrived; at once if there are some.</summary>
    public void Connect(Action arrived)
    {
        lock (_lock)
        {
            _arrived = arrived;
        }

        arrived();
    }

    /// <summary>No call is made after this returns.</summary>
    public void Disconnect()
    {
        lock (_lock)
        {
            _arrived = null;
        }
    }

    public bool TryRead(out byte value)
    {
        lock (_lock)
        {
            bool any = _waiting.TryDequeue(out value);
            if (any && _waiting.Count == Limit - 1)
            {
                Monitor.PulseAll(_lock);
            }

            return any;
        }
    }

    /// <summary>Waits for a byte; false at the end of the input or when the wait is cancelled.</summary>
    public bool WaitForInput(CancellationToken cancellation)
    {
        using CancellationTokenRegistration wake = cancellation.Register(() =>
        {
            lock (_lock)
            {
                Monitor.PulseAll(_lock);
            }
        });
        lock (_lock)
        {
            while (_waiting.Count == 0 && !_ended && !cancellation.IsCancellationRequested)
            {
                Monitor.Wait(_lock);
            }

            return _waiting.Count > 0;
        }
    }

    /// <summary>
    /// Waits until the input has ended, is as much as is ever kept, or has been silent for a while: what is there before a
    /// deterministic guest starts enters it at the same instructions each time.
    /// </summary>
    public void Gather()
    {
        const int SilenceMilliseconds = 200;
        lock (_lock)
        {
            while (!_ended && _waiting.Count < Limit)
            {
                long silent = Environment.TickCount64 - _lastArrival;
                if (silent >= SilenceMilliseconds)
                {
                    return;
                }

                Monitor.Wait(_lock, (int)(SilenceMilliseconds - silent));
            }
        }
    }

    private void ReadAll()
    {
        var chunk = new byte[ChunkBytes];
        try
        {
            for (int count = _stream.Read(chunk); count > 0; count = _stream.Read(chunk))
            {
                Add(_escape is null ? chunk.AsSpan(0, count) : _escape.Filter(chunk.AsSpan(0, count)));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ObjectDisposedException or NotSupportedException)
        {
            // Standard input that is a directory or was closed: there is just no input.
        }

        lock (_lock)
        {
            _ended = true;
            Monitor.PulseAll(_lock);
        }
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        Action? arrived;
        lock (_lock)
        {
            foreach (byte value in bytes)
            {
                while (_waiting.Count >= Limit)
                {
                    Monitor.Wait(_lock);
                }

                _waiting.Enqueue(value);
            }

            _lastArrival = Environment.TickCount64;
            arrived = _arrived;
            Monitor.PulseAll(_lock);
        }

        // Outside the lock: the machine takes its own lock first and then asks for bytes.
        arrived?.Invoke();
    }
}
