using KvmSharp.Cpu;
using KvmSharp.Operations;

namespace KvmSharp.Engine;

/// <summary>The loop of one vCPU: between blocks it looks at requests, time, budget and events; inside blocks the micro-ops run by themselves.</summary>
internal sealed unsafe partial class RunLoop
{
    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private readonly CpuContext* _cpu;
    private readonly EventIntake _events;
    private MicroOp* _broken;
    private delegate*<CpuContext*, MicroOp*, MicroOp*> _brokenHandler;
    private MicroOp* _unfinished;
    private OneShot _oneShot;
    private ulong _started; // instructions retired when the chain was last entered
    private ulong _end;
    private VmExit _exit;

    public RunLoop(VcpuEngine engine, VirtualMachine vm)
    {
        _engine = engine;
        _vm = vm;
        _cpu = engine.Cpu;
        _events = new EventIntake(engine, vm);
    }

    /// <summary>Gets a value indicating whether micro-ops are running, so that <c>CurrentOp</c> tells where.</summary>
    public bool IsInChain { get; private set; }

    /// <summary>Gets a value indicating whether a vCPU that does not run at present has a reason to go on.</summary>
    public bool HasReasonToWake => _events.HasReasonToWake();

    /// <summary>Gets a value indicating whether a vCPU that does not run at present can be woken by no interrupt.</summary>
    public bool NeedsAnother => _events.NeedsAnother;

    private ulong Retired => _cpu->RetiredAtEnd - (ulong)_cpu->Remaining;

    /// <summary>Runs until an exit. KVM_RUN.</summary>
    /// <param name="maxInstructions">The budget.</param>
    /// <returns>The exit.</returns>
    public VmExit Run(ulong maxInstructions)
    {
        ulong start = _cpu->State.InstructionsRetired;
        _end = maxInstructions > long.MaxValue - start ? long.MaxValue : start + maxInstructions;
        return Guarded(static loop => loop.RunOffering());
    }

    /// <summary>Finishes the instruction or delivery that an exit left unfinished, and nothing more.</summary>
    /// <returns>Whether it is finished; else there is another exit, in <see cref="DeviceAccess.Exit"/>.</returns>
    public bool CompletePending()
    {
        _end = long.MaxValue;
        VmExit met = Guarded(static loop => loop.TryFinish(alone: true, out VmExit exit) ? default : exit);
        if (met.Reason == VmExitReason.Intercept)
        {
            _engine.Intercepts.Postpone();
        }

        return !_engine.Devices.IsUnfinished;
    }

    /// <summary>Counts an instruction that did not happen, between two runs: a wait that led to nothing.</summary>
    public void CountOne()
    {
        _cpu->State.InstructionsRetired++;
        _cpu->RetiredAtEnd++;
    }

    /// <summary>Ends the run with an internal error: something is not emulated.</summary>
    /// <param name="bytes">The instruction's bytes, none when there are none to fetch.</param>
    public void StopUnsupported(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_engine.Devices.ExitBuffer);
        _engine.Devices.ExitLength = bytes.Length;
        StopWith(VmExit.Error(_engine.Id, InternalErrorKind.Emulation));
    }

    /// <summary>Ends the run with an exit, before the instruction or event under way.</summary>
    /// <param name="exit">The exit.</param>
    public void StopWith(in VmExit exit)
    {
        _exit = exit;
        _cpu->Stop = StopReason.Exit;
    }

    private VmExit Guarded(Func<RunLoop, VmExit> body)
    {
        ulong start = _cpu->State.InstructionsRetired;
        _cpu->Flags = ArithmeticFlags.FromRflags(_cpu->State.Rflags);
        _cpu->RetiredAtEnd = start;
        _cpu->Remaining = 0;
        _cpu->LinkPlace = null; // registers may have been set since: what runs next need not follow what ran last
        _engine.Requests.EnterGuest();
        try
        {
            return body(this);
        }
        finally
        {
            if (IsInChain)
            {
                Rewind(); // the embedder's handler threw: the instruction did not happen
                _engine.Devices.Forget();
            }

            EndChain();
            _engine.Requests.LeaveGuest();
            ulong retired = Retired;
            _cpu->State.InstructionsRetired = retired;
            _cpu->RetiredAtEnd = retired;
            _cpu->Remaining = 0;
            StoreFlags();
        }
    }

    private void StoreFlags() => _cpu->State.Rflags = (_cpu->State.Rflags & ~(ulong)ArithmeticFlags.Mask) | _cpu->Flags.ToRflags();

    private VmExit Loop()
    {
        ulong before = Retired;
        if (!TryFinish(alone: false, out VmExit exit))
        {
            return exit;
        }

        while (true)
        {
            if (_engine.Debugger.Options is not null && _engine.Debugger.TryStopBehind(Retired != before, Retired, out exit))
            {
                return exit;
            }

            before = Retired;
            if ((_cpu->Pending != 0 || _engine.Requests.ImmediateExit) && _events.TryServe(out exit))
            {
                return exit;
            }

            bool traps = _cpu->State.Events is { PendingDebugTrap: not 0, MovSsShadow: 0 };
            if (_cpu->State.Events.MpState is MpState.Halted or MpState.Uninitialized or MpState.InitReceived && !traps)
            {
                if (!_events.TryWake(ref _end, out exit))
                {
                    return exit;
                }

                before = Retired; // waiting is no step
                continue;
            }

            long slice = Slice();
            if (slice == 0)
            {
                return VmExit.Interrupted(_engine.Id, InterruptCause.Budget);
            }

            if (traps)
            {
                if (!TryTrap(out exit))
                {
                    return exit;
                }
            }
            else if (_events.TryTake(out PendingEvent taken))
            {
                if (!TryDeliver(taken, out exit))
                {
                    return exit;
                }
            }
            else if (_events.WindowIsOpen)
            {
                return VmExit.Plain(_engine.Id, VmExitReason.IrqWindowOpen);
            }
            else if (_engine.Breakpoints.HasCode && TryBreak(out bool isGuests, out exit))
            {
                if (!isGuests || !TryDeliver(DebugEvent, out exit))
                {
                    return exit;
                }
            }
            else if (!TryExecute(NeedsStep, slice, out exit))
            {
                return exit;
            }
        }
    }

    // Bits that make the next instruction run alone, and the trap that may follow it.
    private bool NeedsStep
    {
        get
        {
            ref EventState events = ref _cpu->State.Events;
            return (events.StiShadow | events.MovSsShadow) != 0
                || (_cpu->State.Rflags & Rflags.Trap) != 0
                || ((_cpu->State.Rflags & Rflags.Resume) != 0 && _engine.Breakpoints.HasCode)
                || _engine.Debugger.Steps;
        }
    }

    // In the page of an instruction breakpoint blocks run one at a time, so that each can be asked for it.
    private bool IsInWatchedPage => _engine.Breakpoints.HasCode && _engine.Breakpoints.WatchesCode(_cpu->LinearOfCode(_cpu->State.Rip));

    /// <summary>Finishes what an exit left unfinished: the instruction runs again, with its answered access at hand.</summary>
    /// <param name="alone">Whether nothing may run behind it.</param>
    /// <param name="exit">The exit that it met.</param>
    /// <returns>Whether it is finished.</returns>
    private bool TryFinish(bool alone, out VmExit exit)
    {
        exit = default;
        if (_engine.Devices.IsUnfinished)
        {
            _engine.Devices.BeginReplay();
            PendingEvent delivering = _cpu->State.Events.Delivering;
            if (delivering.Valid != 0)
            {
                return TryDeliver(delivering, out exit, resumed: true);
            }

            return !alone && MayResume(out long slice) ? TryResume(slice, out exit) : TryExecute(step: true, 1, out exit, finishing: true);
        }

        if (_engine.Intercepts.IsHeld)
        {
            return TryRelease(out exit);
        }

        PendingEvent interrupted = _cpu->State.Events.Delivering;
        return interrupted.Valid == 0 || TryDeliver(interrupted, out exit, resumed: true);
    }

    // How many instructions may run before someone must look: the budget, or the next deadline of an instruction clock.
    private long Slice()
    {
        ulong retired = Retired;
        long slice = _end > retired ? (long)(_end - retired) : 0;
        if (_vm.InstructionClock is { } clock && clock.IsDrivenBy(_engine))
        {
            clock.RunDue();
            slice = Math.Min(slice, clock.InstructionsToDeadline);
        }

        return slice;
    }
}
