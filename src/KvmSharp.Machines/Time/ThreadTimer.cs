namespace KvmSharp.Machines;

/// <summary>A timer with a thread of its own, which begins when the timer is first set and ends when it is disposed.</summary>
/// <param name="provider">Whose timestamps it follows.</param>
/// <param name="callback">Called when the time has come.</param>
/// <param name="state">What it is called with.</param>
internal sealed class ThreadTimer(TimeProvider provider, TimerCallback callback, object? state) : ITimer
{
    private const int StackBytes = 256 << 10; // a callback ends in a device; an idle machine should cost little

    private readonly long _stampsPerMillisecond = provider.TimestampFrequency / 1000;
    private readonly object _gate = new();
    private Thread? _thread;
    private long _due = long.MaxValue; // a timestamp
    private long _period;
    private bool _disposed;

    /// <inheritdoc/>
    /// <remarks>A period of 0 or <see cref="Timeout.InfiniteTimeSpan"/> means once.</remarks>
    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return false;
            }

            _due = dueTime < TimeSpan.Zero ? long.MaxValue : provider.GetTimestamp() + ToStamps(dueTime);
            _period = period <= TimeSpan.Zero ? 0 : ToStamps(period);
            if (_thread is not null)
            {
                Monitor.Pulse(_gate);
            }
            else if (_due != long.MaxValue)
            {
                _thread = new Thread(Run, StackBytes) { IsBackground = true, Name = "kvmsharp clock" };
                _thread.Start();
            }

            return true;
        }
    }

    /// <summary>Ends the thread, unless a callback is under way: then behind it.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.Pulse(_gate);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private long ToStamps(TimeSpan time) => (long)(time.TotalMilliseconds * _stampsPerMillisecond);

    private void Run()
    {
        while (WaitForDue())
        {
            callback(state);
        }
    }

    private bool WaitForDue()
    {
        lock (_gate)
        {
            while (!_disposed)
            {
                if (_due == long.MaxValue)
                {
                    Monitor.Wait(_gate);
                    continue;
                }

                long early = _due - provider.GetTimestamp();
                if (early <= 0)
                {
                    _due = _period == 0 ? long.MaxValue : _due + _period;
                    return true;
                }

                long milliseconds = (early + _stampsPerMillisecond - 1) / _stampsPerMillisecond;
                Monitor.Wait(_gate, (int)Math.Min(milliseconds, int.MaxValue));
            }

            return false;
        }
    }
}
