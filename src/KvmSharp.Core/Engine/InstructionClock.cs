using KvmSharp.Engine;

namespace KvmSharp;

/// <summary>Deterministic time: one nanosecond for each retired instruction, and a jump to the next deadline while all is halted.</summary>
/// <remarks>
/// What counts as an instruction: each retired instruction, each REP iteration, each delivered exception or interrupt. Only one vCPU drives
/// the clock at a time: vCPU 0, or under <see cref="VcpuTurns"/> the one whose turn it is, so that time is the sum over all vCPUs. Deadlines
/// come exactly at their count, on that vCPU's thread, inside <c>Run</c>, with <see cref="Gate"/> held. Between runs time stands still.
/// </remarks>
public sealed class InstructionClock : IVirtualClock
{
    private readonly List<Deadline> _all = []; // a deadline's number is its place
    private readonly List<Deadline> _armed = [];
    private VcpuEngine? _engine;
    private long _skipped;
    private long _ranAt = -1;
    private long _nextDue = long.MaxValue;

    /// <summary>Gets or sets the lock that is held while deadlines are called, armed and disarmed: the machine's device lock.</summary>
    public DeviceLock Gate { get; set; } = new();

    /// <inheritdoc/>
    public long Now => _skipped + (long)(_engine?.RetiredNow ?? 0);

    /// <summary>Gets the instructions that may retire before the next deadline; at least 1 after <see cref="RunDue"/>.</summary>
    internal long InstructionsToDeadline => Volatile.Read(ref _nextDue) is not long.MaxValue and long due ? Math.Max(1, due - Now) : long.MaxValue;

    private Deadline? Next => _armed.Count > 0 ? _armed[0] : null;

    /// <inheritdoc/>
    public IDeadline CreateDeadline(Action callback)
    {
        lock (Gate)
        {
            var deadline = new Deadline(this, callback, _all.Count);
            _all.Add(deadline);
            return deadline;
        }
    }

    /// <summary>Gives the time, and what is armed. Between runs.</summary>
    /// <returns>The state.</returns>
    public InstructionClockState Save()
    {
        lock (Gate)
        {
            return new InstructionClockState(Now, _ranAt, _engine?.Id ?? 0, [.. _armed.Select(static d => (d.Number, d.Due))]);
        }
    }

    /// <summary>Sets the time, behind the states of the vCPUs, and what is armed. Between runs.</summary>
    /// <param name="state">The state of a clock with which a machine of the same kind was built, so that its deadlines have the same numbers.</param>
    /// <param name="driver">The vCPU that <see cref="InstructionClockState.Driver"/> names.</param>
    /// <exception cref="KvmException">A deadline is named that there is not, or twice, or they are not in order (EINVAL).</exception>
    public void Load(InstructionClockState state, VirtualCpu driver)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(driver);
        lock (Gate)
        {
            bool isSound = state.Armed.All(a => a.Deadline >= 0 && a.Deadline < _all.Count)
                && state.Armed.DistinctBy(static a => a.Deadline).Count() == state.Armed.Count
                && state.Armed.Zip(state.Armed.Skip(1)).All(static pair => pair.First.Due <= pair.Second.Due);
            if (!isSound)
            {
                throw KvmException.Invalid("the clock's state names deadlines that this machine has not");
            }

            _engine = driver.Engine;
            _skipped = state.Now - (long)_engine.RetiredNow;
            _ranAt = state.RanAt;
            _armed.Clear();
            foreach ((int number, long due) in state.Armed)
            {
                _all[number].Due = due;
                _armed.Add(_all[number]);
            }

            NoteNext();
            _engine.Requests.Raise(PendingWork.Deadline);
        }
    }

    internal void Attach(VcpuEngine engine) => _engine ??= engine;

    /// <summary>Tells whether a vCPU's instructions are what this clock counts.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <returns>Whether they are.</returns>
    internal bool IsDrivenBy(VcpuEngine engine) => _engine == engine;

    /// <summary>Lets another vCPU drive the clock; time goes on from where it is. No vCPU runs meanwhile.</summary>
    /// <param name="engine">The vCPU.</param>
    internal void HandOver(VcpuEngine engine)
    {
        long now = Now;
        _engine = engine;
        _skipped = now - (long)engine.RetiredNow;
    }

    /// <summary>Calls what is due, on the vCPU's thread; meanwhile the vCPU is out of the guest, so that a callback may change mappings.</summary>
    internal void RunDue()
    {
        if (Volatile.Read(ref _nextDue) > Now || _ranAt == Now)
        {
            return;
        }

        _ranAt = Now;
        bool inside = _engine?.Requests.StepOut() ?? false;
        try
        {
            // What a callback arms anew for the present moment waits for the next instruction: time must go on, and a run that
            // ends here and is taken up again must see nothing else than one that goes on.
            for (int left = _armed.Count; left > 0; left--)
            {
                using (Gate.Enter())
                {
                    if (Next is not { } next || next.Due > Now)
                    {
                        break;
                    }

                    Remove(next);
                    next.Callback();
                }
            }
        }
        finally
        {
            _engine?.Requests.StepBack(inside);
        }
    }

    /// <summary>Jumps to the next deadline.</summary>
    /// <returns><see langword="false"/> when there is none.</returns>
    internal bool TrySkipToDeadline()
    {
        long due = Volatile.Read(ref _nextDue);
        if (due == long.MaxValue)
        {
            return false;
        }

        _skipped += Math.Max(0, due - Now);
        return true;
    }

    // Another vCPU's thread may arm its local timer meanwhile.
    private void Arm(Deadline deadline, long due)
    {
        using (Gate.Enter())
        {
            _armed.Remove(deadline);
            deadline.Due = due;

            // Few are ever armed, so a sorted list is quickest; equal times keep the order in which they were armed.
            int place = _armed.Count;
            while (place > 0 && _armed[place - 1].Due > due)
            {
                place--;
            }

            _armed.Insert(place, deadline);
            NoteNext();
            if (place == 0)
            {
                _engine?.Requests.Raise(PendingWork.Deadline);
            }
        }
    }

    private void Disarm(Deadline deadline)
    {
        using (Gate.Enter())
        {
            Remove(deadline);
        }
    }

    private void Remove(Deadline deadline)
    {
        _armed.Remove(deadline);
        NoteNext();
    }

    private void NoteNext() => Volatile.Write(ref _nextDue, Next?.Due ?? long.MaxValue);

    private sealed class Deadline(InstructionClock clock, Action callback, int number) : IDeadline
    {
        public int Number => number;

        public long Due { get; set; }

        public Action Callback { get; } = callback;

        public bool IsArmed
        {
            get
            {
                using (clock.Gate.Enter())
                {
                    return clock._armed.Contains(this);
                }
            }
        }

        public void Arm(long due) => clock.Arm(this, due);

        public void Disarm() => clock.Disarm(this);
    }
}

/// <summary>What an <see cref="InstructionClock"/> remembers.</summary>
/// <param name="Now">The virtual time in nanoseconds.</param>
/// <param name="RanAt">The time at which due deadlines were called last; -1 for never.</param>
/// <param name="Driver">The id of the vCPU whose instructions it counts.</param>
/// <param name="Armed">The armed deadlines in the order in which they come: numbers, in the order of their making, and virtual times.</param>
public sealed record InstructionClockState(long Now, long RanAt, int Driver, IReadOnlyList<(int Deadline, long Due)> Armed);
