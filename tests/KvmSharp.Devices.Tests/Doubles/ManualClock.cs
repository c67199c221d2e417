namespace KvmSharp.Devices.Tests;

/// <summary>A clock that a test moves by hand; deadlines come in order, each at exactly its time.</summary>
internal sealed class ManualClock : IVirtualClock
{
    private const int RunawayLimit = 1_000_000;
    private readonly List<Deadline> _deadlines = [];

    public long Now { get; private set; }

    /// <summary>How many deadlines have come.</summary>
    public int Fired { get; private set; }

    public bool AnyArmed => _deadlines.Any(d => d.IsArmed);

    public IDeadline CreateDeadline(Action callback)
    {
        var deadline = new Deadline(callback);
        _deadlines.Add(deadline);
        return deadline;
    }

    public void AdvanceBy(long nanoseconds) => AdvanceTo(Now + nanoseconds);

    public void AdvanceTo(long time)
    {
        int limit = Fired + RunawayLimit;
        while (_deadlines.Where(d => d.IsArmed && d.Due <= time).MinBy(d => d.Due) is { } next)
        {
            (Fired < limit).Should().BeTrue("deadlines must not come without end");
            Now = Math.Max(Now, next.Due);
            Fired++;
            next.Fire();
        }

        Now = time;
    }

    /// <summary>Moves time on without any deadline, as a host does that comes late.</summary>
    public void SkipTo(long time) => Now = time;

    private sealed class Deadline(Action callback) : IDeadline
    {
        public bool IsArmed { get; private set; }

        public long Due { get; private set; }

        public void Arm(long due)
        {
            Due = due;
            IsArmed = true;
        }

        public void Disarm() => IsArmed = false;

        public void Fire()
        {
            IsArmed = false;
            callback();
        }
    }
}
