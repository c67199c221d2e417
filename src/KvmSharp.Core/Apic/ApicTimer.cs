using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>The timer of one local APIC: one-shot, periodic and TSC-deadline. Intel SDM Vol. 3A, "APIC Timer".</summary>
/// <remarks>
/// It counts at 1 GHz, the crystal of CPUID leaf 15h, through the divider: one tick a nanosecond of virtual time. What is kept is not the
/// count but the moment at which it reaches 0. Belongs to the vCPU's thread; a deadline only asks that thread to look.
/// </remarks>
/// <param name="engine">The vCPU.</param>
/// <param name="vm">The machine.</param>
/// <param name="apic">Whose timer it is.</param>
internal sealed unsafe class ApicTimer(VcpuEngine engine, VirtualMachine vm, LocalApic apic)
{
    private const long Never = long.MaxValue;

    private IDeadline? _deadline;
    private IVirtualClock? _clock; // whose deadline it is
    private long _due = Never;
    private long _armedFor = Never;

    /// <summary>Gets the virtual time at which the count reaches 0; <see cref="long.MaxValue"/> while it stands still.</summary>
    public long Due => _due;

    /// <summary>Gets IA32_TSC_DEADLINE: 0 when nothing is awaited.</summary>
    public ulong TscDeadline { get; private set; }

    /// <summary>Gets the current count.</summary>
    public uint CurrentCount
    {
        get
        {
            Serve();
            return Mode == TimerMode.TscDeadline ? 0 : Remaining;
        }
    }

    private LvtEntry Entry => apic.Entry(ApicRegister.LvtTimer);

    private TimerMode Mode => Entry.TimerMode;

    private uint InitialCount => apic.Peek(ApicRegister.InitialCount);

    // Bits 3, 1 and 0 are a number whose 7 means "by 1".
    private int DivideShift
    {
        get
        {
            uint value = apic.Peek(ApicRegister.DivideConfiguration);
            return (int)((((value >> 1) & 4) | (value & 3)) + 1) & 7;
        }
    }

    // Of the clock that the machine has now: it may get its own behind the first reset.
    private IDeadline Deadline
    {
        get
        {
            if (_deadline is null || _clock != vm.Clock)
            {
                _clock = vm.Clock;
                _deadline = _clock.CreateDeadline(() => engine.Requests.Raise(PendingWork.ApicTimer));
            }

            return _deadline;
        }
    }

    private uint Remaining
    {
        get
        {
            if (_due == Never)
            {
                return 0;
            }

            long left = Math.Max(0, _due - vm.Clock.Now);
            return (uint)((left + (1L << DivideShift) - 1) >> DivideShift);
        }
    }

    /// <summary>Begins to count.</summary>
    /// <param name="count">The initial count; 0 stops the timer.</param>
    public void Start(uint count)
    {
        if (Mode == TimerMode.TscDeadline)
        {
            return;
        }

        apic.Poke(ApicRegister.InitialCount, count);
        _due = count == 0 ? Never : vm.Clock.Now + ((long)count << DivideShift);
        Arm();
    }

    /// <summary>Sets the divider; the count goes on from where it is.</summary>
    /// <param name="value">The divide configuration register.</param>
    public void SetDivider(uint value)
    {
        Serve();
        uint left = Remaining;
        apic.Poke(ApicRegister.DivideConfiguration, value);
        if (_due != Never && Mode != TimerMode.TscDeadline)
        {
            _due = vm.Clock.Now + ((long)left << DivideShift);
            Arm();
        }
    }

    /// <summary>Sets the timer's entry. Going to or from TSC-deadline mode stops the timer.</summary>
    /// <param name="value">The entry.</param>
    public void SetEntry(uint value)
    {
        Serve();
        TimerMode before = Mode;
        apic.Poke(ApicRegister.LvtTimer, value);
        if (before != Mode && (before == TimerMode.TscDeadline || Mode == TimerMode.TscDeadline))
        {
            Stop();
        }

        Arm();
    }

    /// <summary>Writes IA32_TSC_DEADLINE; ignored in the other modes.</summary>
    /// <param name="value">The time-stamp counter to wait for; 0 for none.</param>
    public void SetTscDeadline(ulong value)
    {
        if (Mode == TimerMode.TscDeadline)
        {
            TscDeadline = value;
            _due = MomentOf(value);
            Arm();
        }
    }

    /// <summary>The time-stamp counter has been written: a deadline in its terms is at another time now.</summary>
    public void TimeStampChanged()
    {
        if (TscDeadline != 0)
        {
            _due = MomentOf(TscDeadline);
            Arm();
        }
    }

    /// <summary>Does what has become due, and waits for what comes next.</summary>
    /// <param name="deadlineCame">Whether the deadline that was armed is spent.</param>
    public void Serve(bool deadlineCame = false)
    {
        _armedFor = deadlineCame ? Never : _armedFor;
        long now = vm.Clock.Now;
        if (_due <= now)
        {
            long period = (long)InitialCount << DivideShift;
            bool again = Mode == TimerMode.Periodic && period > 0;
            _due = again ? _due + ((((now - _due) / period) + 1) * period) : Never;
            TscDeadline = 0;
            apic.Raise(Entry);
        }

        Arm();
    }

    /// <summary>Forgets everything, as RESET and INIT do.</summary>
    public void Reset()
    {
        Stop();
        _ = Deadline; // made now: the clock numbers its deadlines, and equal machines shall have equal numbers
        Arm();
    }

    /// <summary>Sets the state.</summary>
    /// <param name="due">See <see cref="Due"/>.</param>
    /// <param name="tscDeadline">See <see cref="TscDeadline"/>.</param>
    public void Load(long due, ulong tscDeadline)
    {
        (_due, TscDeadline) = (due, tscDeadline);
        Arm();
    }

    private void Stop() => (_due, TscDeadline) = (Never, 0);

    private long MomentOf(ulong timeStamp)
    {
        long now = vm.Clock.Now;
        ulong present = engine.ReadTsc();
        return timeStamp == 0 ? Never
            : timeStamp <= present ? now
            : timeStamp - present < (ulong)(Never - now) ? now + (long)(timeStamp - present)
            : Never;
    }

    // A masked timer counts without waking anybody. The clock may be the board's, under its lock, whose owner may wait for this vCPU.
    private void Arm()
    {
        long wanted = Entry.IsMasked ? Never : _due;
        if (wanted == _armedFor)
        {
            return;
        }

        _armedFor = wanted;
        bool inside = engine.Requests.StepOut();
        if (wanted == Never)
        {
            _deadline?.Disarm();
        }
        else
        {
            Deadline.Arm(wanted);
        }

        engine.Requests.StepBack(inside);
    }
}
