namespace KvmSharp.Tests.Doubles;

/// <summary>Time that a test moves, from any thread, as a host's clock moves by itself.</summary>
internal sealed class ManualClock : IVirtualClock
{
    private readonly Lock _gate = new();
    private readonly List<Deadline> _armed = [];
    private long _now;

    public long Now => Volatile.Read(ref _now);

    public IDeadline CreateDeadline(Action callback) => new Deadline(this, callback);

    public void Advance(long nanoseconds)
    {
        lock (_gate)
        {
            Volatile.Write(ref _now, _now + nanoseconds);
            foreach (Deadline due in _armed.Where(d => d.Due <= _now).ToArray())
            {
                _armed.Remove(due);
                due.Callback();
            }
        }
    }

    private sealed class Deadline(ManualClock clock, Action callback) : IDeadline
    {
        public Action Callback => callback;

        public long Due { get; private set; }

        public bool IsArmed
        {
            get
            {
                lock (clock._gate)
                {
                    return clock._armed.Contains(this);
                }
            }
        }

        public void Arm(long due)
        {
            lock (clock._gate)
            {
                Due = due;
                clock._armed.Remove(this);
                clock._armed.Add(this);
            }
        }

        public void Disarm()
        {
            lock (clock._gate)
            {
                clock._armed.Remove(this);
            }
        }
    }
}
