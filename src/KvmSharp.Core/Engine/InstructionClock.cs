using KvmSharp.Engine;

namespace KvmSharp;

/// <summary>Deterministic time: one nanosecond for each retired instruction of vCPU 0, and a jump to the next deadline while it is halted.</summary>
/// <remarks>
/// What counts as an instruction: each retired instruction, each REP iteration, each delivered exception or interrupt. Deadlines come
/// exactly at their count, on the vCPU's thread, inside <c>Run</c>, with <see cref="Gate"/> held. Between runs time stands still.
/// </remarks>
public sealed class InstructionClock : IVirtualClock
{
    private readonly List<Deadline> _armed = [];
    private VcpuEngine? _engine;
    private long _skipped;
    private long _ranAt = -1;

    /// <summary>Gets or sets the lock that is held while deadlines are called: the machine's device lock.</summary>
    public Lock Gate { get; set; } = new();

    /// <inheritdoc/>
    public long Now => _skipped + (long)(_engine?.RetiredNow ?? 0);

    /// <summary>Gets the instructions that may retire before the next deadline; at least 1 after <see cref="RunDue"/>.</summary>
    internal long InstructionsToDeadline => Next is { } next ? Math.Max(1, next.Due - Now) : long.MaxValue;

    private Deadline? Next => _armed.Count > 0 ? _armed[0] : null;

    /// <inheritdoc/>
    public IDeadline CreateDeadline(Action callback) => new Deadline(this, callback);

    internal void Attach(VcpuEngine engine) => _engine ??= engine;

    /// <summary>Tells whether a vCPU's instructions are what this clock counts.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <returns>Whether they are.</returns>
    internal bool IsDrivenBy(VcpuEngine engine) => _engine == engine;

    /// <summary>Calls what is due, on the vCPU's thread; meanwhile the vCPU is out of the guest, so that a callback may change mappings.</summary>
    internal void RunDue()
    {
        if (Next is not { } first || first.Due > Now || _ranAt == Now)
        {
            return;
        }

        _ranAt = Now;
        _engine?.Requests.LeaveGuest();
        try
        {
            // What a callback arms anew for the present moment waits for the next instruction: time must go on, and a run that
            // ends here and is taken up again must see nothing else than one that goes on.
            for (int left = _armed.Count; left > 0 && Next is { } next && next.Due <= Now; left--)
            {
                lock (Gate)
                {
                    _armed.Remove(next);
                    next.Callback();
                }
            }
        }
        finally
        {
            _engine?.Requests.EnterGuest();
        }
    }

    /// <summary>Jumps to the next deadline.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    internal bool TrySkipToDeadline()
    {
        if (Next is not { } next)
        {
            return false;
        }

        _skipped += Math.Max(0, next.Due - Now);
        return true;
    }

    private void Arm(Deadline deadline)
    {
        _armed.Remove(deadline);

        // Few are ever armed, so a sorted list is quickest; equal times keep the order in which they were armed.
        int place = _armed.Count;
        while (place > 0 && _armed[place - 1].Due > deadline.Due)
        {
            place--;
        }

        _armed.Insert(place, deadline);
        if (place == 0)
        {
            _engine?.Requests.Raise(PendingWork.Deadline);
        }
    }

    private sealed class Deadline(InstructionClock clock, Action callback) : IDeadline
    {
        public long Due { get; private set; }

        public Action Callback { get; } = callback;

        public bool IsArmed => clock._armed.Contains(this);

        public void Arm(long due)
        {
            Due = due;
            clock.Arm(this);
        }

        public void Disarm() => clock._armed.Remove(this);
    }
}
