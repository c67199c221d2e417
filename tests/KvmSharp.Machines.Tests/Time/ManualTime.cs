namespace KvmSharp.Machines.Tests;

/// <summary>A host's time that moves only when a test moves it. One timer is enough.</summary>
internal sealed class ManualTime : TimeProvider, IDisposable
{
    private long _now = 1000; // not 0: nobody may count from the host's zero
    private ManualTimer? _timer;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        _timer = new ManualTimer(this, callback, state);

    public void Dispose() => _timer?.Dispose();

    /// <summary>Moves time and calls the timer once if its time has come.</summary>
    public void Advance(TimeSpan by)
    {
        _now += by.Ticks;
        _timer?.FireIfDue();
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        private long _due = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : time._now + dueTime.Ticks;
            return true;
        }

        public void FireIfDue()
        {
            if (time._now >= _due)
            {
                _due = long.MaxValue;
                callback(state);
            }
        }

        public void Dispose() => _due = long.MaxValue;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
