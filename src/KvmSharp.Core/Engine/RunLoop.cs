using KvmSharp.Cpu;
using KvmSharp.Debugging;
using KvmSharp.Events;
using KvmSharp.Intercepts;
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

    /// <summary>Makes the run loop look before the instruction behind the one under way: a device has raised a request.</summary>
    public void BreakAfterCurrent()
    {
        if (!IsInChain || _broken is not null)
        {
            return;
        }

        MicroOp* next = _cpu->CurrentOp + 1;
        if ((nint)next->Handler != (nint)BlockHandlers.StaleHandler)
        {
            _broken = next;
            _brokenHandler = next->Handler;
            next->Handler = BlockHandlers.BreakHandler;
        }
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
            if (_engine.Debugger.Options is not null && _engine.Debugger.TryStopBehind(Retired != before, out exit))
            {
                return exit;
            }

            before = Retired;
            if ((_cpu->Pending != 0 || _engine.Requests.ImmediateExit) && _events.TryServe(out exit))
            {
                return exit;
            }

            bool traps = _cpu->State.Events is { PendingDebugTrap: not 0, MovSsShadow: 0 };
            if (_cpu->State.Events.MpState == MpState.Halted && !traps)
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
                || (_cpu->State.Rflags & (Rflags.Trap | Rflags.Resume)) != 0
                || _engine.Debugger.Steps
                || (_engine.Breakpoints.HasCode && _engine.Breakpoints.WatchesCode(_cpu->LinearOfCode(_cpu->State.Rip)));
        }
    }

    private static PendingEvent DebugEvent => new() { Valid = 1, Vector = (byte)Vector.Debug, Kind = EventKind.Exception };

    // An instruction breakpoint: the embedder is told, the guest takes #DB with RF as it is, so that its handler decides over going on.
    // RF passes the guest's breakpoints, and so does a load of SS by the instruction before.
    private bool TryBreak(out bool isGuests, out VmExit exit)
    {
        isGuests = false;
        if (_engine.Debugger.TryStopBefore(Retired, out exit))
        {
            return true;
        }

        uint status = _engine.Breakpoints.MatchCode(_cpu->LinearOfCode(_cpu->State.Rip), hosts: false);
        isGuests = status != 0 && (_cpu->State.Rflags & Rflags.Resume) == 0 && _cpu->State.Events.MovSsShadow == 0;
        if (isGuests)
        {
            DebugException.Enter(_cpu, status);
        }

        return isGuests;
    }

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

    // The quick way to finish, when nobody asks for anything else: the block goes on where it stopped, instead of its instruction
    // being decoded alone. The budget must leave room for the rest of the block.
    private bool MayResume(out long slice)
    {
        MicroOp* op = _unfinished;
        _unfinished = null;
        slice = 0;
        if (op is null || Volatile.Read(ref _cpu->Pending) != 0 || _engine.Requests.ImmediateExit || NeedsStep
            || (nint)op->Handler == (nint)BlockHandlers.StaleHandler)
        {
            return false;
        }

        slice = Slice();
        _cpu->CurrentOp = op;
        return slice >= op->Left;
    }

    private bool TryResume(long slice, out VmExit exit)
    {
        MicroOp* op = _cpu->CurrentOp;
        _cpu->RetiredAtEnd = Retired + (ulong)slice;
        _cpu->Remaining = slice - op->Left;
        _cpu->State.Rip = (_cpu->State.Rip - op->Offset) & _cpu->LinearMask;
        _cpu->Stop = StopReason.Lookup;
        _oneShot = default;
        RunChain(op);
        return TryConclude(ran: true, trap: false, out exit);
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

    private bool TryExecute(bool step, long slice, out VmExit exit, bool finishing = false)
    {
        exit = default;
        ulong retired = Retired;
        slice = step ? 1 : slice;
        _cpu->RetiredAtEnd = retired + (ulong)slice;
        _cpu->Remaining = slice;
        bool trap = (_cpu->State.Rflags & Rflags.Trap) != 0;
        _oneShot = new OneShot(_cpu->State.Rflags & Rflags.Resume, _cpu->State.Events.StiShadow, _cpu->State.Events.MovSsShadow);
        if (step)
        {
            _cpu->State.Rflags &= ~Rflags.Resume;
            _cpu->State.Events.StiShadow = 0;
            _cpu->State.Events.MovSsShadow = 0;
        }

        _cpu->SuppressTrap = 0;
        _cpu->Stop = StopReason.Lookup;
        MicroOp* head = FindBlock(ref step);
        MicroOp** link = _cpu->LinkPlace; // read behind the search, which takes it back when it drops the block
        _cpu->LinkPlace = null;
        if (head is not null)
        {
            if (link is not null && !step)
            {
                _engine.Code.Link(link, head);
            }

            RunChain(finishing ? Enter(head) : head);
        }

        if (step)
        {
            _cpu->LinkPlace = null; // a block for stepping must stay alone
        }

        if (_cpu->Stop == StopReason.Head && Retired == retired)
        {
            _oneShot.Restore(_cpu); // nothing has run: what holds for one instruction still does
            return true;
        }

        return TryConclude(ran: head is not null, trap, out exit);
    }

    /// <summary>Does what the micro-ops stopped for.</summary>
    /// <param name="ran">Whether any ran; else fetching stopped it.</param>
    /// <param name="trap">Whether a single-step trap follows an instruction that is complete.</param>
    /// <param name="exit">The exit, if it ends the run.</param>
    /// <returns>Whether the run goes on.</returns>
    private bool TryConclude(bool ran, bool trap, out VmExit exit)
    {
        exit = default;
        switch (_cpu->Stop)
        {
            case StopReason.Fault:
                if (ran)
                {
                    Rewind();
                }

                _engine.Breakpoints.DropHits();
                _engine.Devices.Forget(); // the delivery's accesses are no repetition of the instruction's
                _engine.Intercepts.NoteFault(_oneShot);
                return TryDeliver(_cpu->Fault, out exit);
            case StopReason.Trap:
                return TryDeliver(_cpu->Fault, out exit);
            case StopReason.Exit:
                if (ran)
                {
                    Rewind();
                }

                _engine.Breakpoints.DropHits();
                if (_engine.Devices.IsUnfinished)
                {
                    _unfinished = ran ? _cpu->CurrentOp : null;
                    exit = _engine.Devices.Exit;
                    return false;
                }

                _oneShot.Restore(_cpu);
                exit = _exit;
                return false;
            case StopReason.Wait:
                Rewind();
                return true;
            default:
                _cpu->State.Events.PendingDebugTrap |= _engine.Breakpoints.TakeGuestHits();
                if (trap && _cpu->State.Events.MovSsShadow == 0 && _cpu->SuppressTrap == 0)
                {
                    _cpu->State.Events.PendingDebugTrap |= (uint)DebugStatus.SingleStep;
                }

                return true;
        }
    }

    // A block that is longer than the budget, or than CS, is not entered: its instructions go one by one.
    private MicroOp* FindBlock(ref bool step)
    {
        MicroOp* head = _engine.Code.Find(step);
        if (head is null)
        {
            return null;
        }

        if (!step && (head->Immediate > _cpu->Remaining || IsBeyondLimit(head)))
        {
            step = true;
            head = _engine.Code.Find(step: true);
        }

        if (head is not null && IsBeyondLimit(head))
        {
            Faults.GeneralProtection(_cpu);
            return null;
        }

        return head;
    }

    // Requests wait until a half-done instruction is whole, so its block's head is not asked.
    private MicroOp* Enter(MicroOp* head)
    {
        _cpu->Remaining -= head->Immediate;
        return head + 1;
    }

    private bool IsBeyondLimit(MicroOp* head) => !_cpu->IsExecutable(_cpu->State.Rip + (ulong)head->Displacement);

    private void RunChain(MicroOp* op)
    {
        IsInChain = true;
        _cpu->CurrentOp = op;
        CpuContext* cpu = _cpu;
        do
        {
            op = op->Handler(cpu, op);
        }
        while (op is not null);
        EndChain();
    }

    private void EndChain()
    {
        IsInChain = false;
        if (_broken is not null)
        {
            if ((nint)_broken->Handler == (nint)BlockHandlers.BreakHandler)
            {
                _broken->Handler = _brokenHandler;
            }

            _broken = null;
        }
    }

    // The instruction at CurrentOp did not happen: RIP and the count go back to before it.
    private void Rewind()
    {
        _cpu->State.Rip = (_cpu->State.Rip + _cpu->CurrentOp->Offset) & _cpu->LinearMask;
        _cpu->Remaining += _cpu->CurrentOp->Left;
        _cpu->LinkPlace = null;
    }

    // A trap is delivered before anything else that could come between two instructions, and counts one like any event.
    private bool TryTrap(out VmExit exit)
    {
        DebugException.Enter(_cpu, _cpu->State.Events.PendingDebugTrap);
        _cpu->State.Events.PendingDebugTrap = 0;
        _cpu->State.Events.MpState = MpState.Runnable;
        return TryDeliver(DebugEvent, out exit);
    }

    /// <summary>Delivers an event; faults met on the way become double faults and at last a shutdown. A delivery counts one instruction.</summary>
    private bool TryDeliver(PendingEvent pending, out VmExit exit, bool resumed = false)
    {
        exit = default;
        InterceptGate intercepts = _engine.Intercepts;
        _cpu->LinkPlace = null; // the handler does not follow the block that ran last
        while (true)
        {
            _cpu->State.Events.Delivering = pending;
            _cpu->Stop = StopReason.Lookup;
            if (intercepts.WatchesEvents && !resumed && !intercepts.TryPassEvent(pending))
            {
                exit = _exit;
                return false;
            }

            resumed = false;
            if (EventDelivery.TryDeliver(_cpu, pending, _cpu->State.Rip))
            {
                _cpu->State.Events.Delivering = default;
                _engine.Breakpoints.DropHits();
                _engine.Statistics.CountDelivery(pending.Kind);
                _engine.Devices.Forget();
                if (_cpu->Remaining == 0)
                {
                    _cpu->RetiredAtEnd++;
                }
                else
                {
                    _cpu->Remaining--;
                }

                _vm.EventObserver?.OnEvent(
                    _engine.Id,
                    pending.Vector,
                    pending.Kind == EventKind.External,
                    pending.HasErrorCode != 0 ? pending.ErrorCode : null,
                    Retired);
                return true;
            }

            if (_cpu->Stop == StopReason.Exit)
            {
                exit = _engine.Devices.IsUnfinished ? _engine.Devices.Exit : _exit;
                return false;
            }

            _engine.Devices.Forget();
            CombinedEvent combined = EventCombination.Combine(pending, _cpu->Fault);
            pending = combined == CombinedEvent.DoubleFault ? EventCombination.MakeDoubleFault() : _cpu->Fault;
            if (combined == CombinedEvent.Shutdown)
            {
                _cpu->State.Events.Delivering = default;
                _engine.Statistics.Count(VmExitReason.Shutdown);
                exit = VmExit.Plain(_engine.Id, VmExitReason.Shutdown);
                return false;
            }
        }
    }
}
