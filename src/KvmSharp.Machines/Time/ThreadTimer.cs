namespace KvmSharp.Machines;

/// <summary>A timer with a thread of its own, which begins when the timer is first set and ends when it is disposed.</summary>
/// <param name="provider">Whose timestamps it follows.</param>
/// <param name="callback">Called when the time has come.</param>
/// <param name="state">What it is called with.</param>
internal sealed class ThreadTimer(TimeProvider provider, TimerCallback callback, object? state) : ITimer
{
    private const int StackBytes = 256 << 10; // a callback ends in a device; an idle machine should cost little
    private const long Never = long.MaxValue;
    private const long Awake = long.MinValue;

    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private WakeableSleep? _sleep;
    private long _due = Never; // a timestamp
    private long _sleepsUntil = Awake;
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

            _due = dueTime < TimeSpan.Zero ? Never : provider.GetTimestamp() + ToStamps(dueTime);
            _period = period <= TimeSpan.Zero ? 0 : ToStamps(period);
            if (_sleep is null && _due != Never)
            {
                _sleep = new WakeableSleep();
                new Thread(Run, StackBytes) { IsBackground = true, Name = "kvmsharp clock" }.Start();
            }
            else if (_due < _sleepsUntil)
            {
                _sleep!.Wake(); // one that sleeps too short finds out by itself
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
            if (_sleepsUntil != Awake)
            {
                _sleep!.Wake();
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private long ToStamps(TimeSpan time) => (long)(time.TotalSeconds * provider.TimestampFrequency);

    private void Run()
    {
        using WakeableSleep sleep = _sleep!;
        while (WaitForDue(sleep))
        {
            callback(state);
        }
    }

    private bool WaitForDue(WakeableSleep sleep)
    {
        while (true)
        {
            TimeSpan wait = LongestSleep;
            lock (_gate)
            {
                _sleepsUntil = Awake;
                if (_disposed)
                {
                    return false;
                }

                long now = provider.GetTimestamp();
                if (_due <= now)
                {
                    _due = _period == 0 ? Never : _due + _period;
                    return true;
                }

                _sleepsUntil = _due;
                if (_due != Never)
                {
                    // Rounded up: one that wakes too early would only sleep again.
                    TimeSpan early = provider.GetElapsedTime(now, _due) + TimeSpan.FromTicks(1);
                    wait = early < LongestSleep ? early : LongestSleep;
                }
            }

            sleep.Sleep(wait);
        }
    }
}
