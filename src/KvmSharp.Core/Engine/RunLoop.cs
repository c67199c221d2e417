using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Operations;

namespace KvmSharp.Engine;

/// <summary>The loop of one vCPU: between blocks it looks at requests, time, budget and events; inside blocks the micro-ops run by themselves.</summary>
internal sealed unsafe class RunLoop
{
    private readonly VcpuEngine _engine;
    private readonly VirtualMachine _vm;
    private readonly CpuContext* _cpu;
    private readonly EventIntake _events;
    private MicroOp* _broken;
    private delegate*<CpuContext*, MicroOp*, MicroOp*> _brokenHandler;
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
        return Guarded(static loop => loop.Loop());
    }

    /// <summary>Finishes the instruction or delivery that an exit left unfinished, and nothing more.</summary>
    /// <returns>Whether it is finished; else there is another exit, in <see cref="DeviceAccess.Exit"/>.</returns>
    public bool CompletePending()
    {
        _end = long.MaxValue;
        _ = Guarded(static loop => loop.TryFinish(out VmExit exit) ? default : exit);
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
        _exit = VmExit.Error(_engine.Id, InternalErrorKind.Emulation);
        _cpu->Stop = StopReason.Exit;
    }

    private VmExit Guarded(Func<RunLoop, VmExit> body)
    {
        ulong start = _cpu->State.InstructionsRetired;
        _cpu->Flags = ArithmeticFlags.FromRflags(_cpu->State.Rflags);
        _cpu->RetiredAtEnd = start;
        _cpu->Remaining = 0;
        _cpu->LinkPlace = null; // registers may have been set since: what runs next need not follow what ran last
        _engine.UpdateMode();
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
            _cpu->State.Rflags = (_cpu->State.Rflags & ~(ulong)ArithmeticFlags.Mask) | _cpu->Flags.ToRflags();
        }
    }

    private VmExit Loop()
    {
        if (!TryFinish(out VmExit exit))
        {
            return exit;
        }

        while (true)
        {
            if ((_cpu->Pending != 0 || _engine.Requests.ImmediateExit) && _events.TryServe(out exit))
            {
                return exit;
            }

            bool traps = _cpu->State.Events.PendingDebugTrap != 0;
            if (_cpu->State.Events.MpState == MpState.Halted && !traps)
            {
                if (!_events.TryWake(ref _end, out exit))
                {
                    return exit;
                }

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
            return (events.StiShadow | events.MovSsShadow) != 0 || (_cpu->State.Rflags & (Rflags.Trap | Rflags.Resume)) != 0;
        }
    }

    /// <summary>Finishes what an exit left unfinished: the instruction runs again, with its answered access at hand.</summary>
    private bool TryFinish(out VmExit exit)
    {
        exit = default;
        if (_engine.Devices.IsUnfinished)
        {
            _engine.Devices.BeginReplay();
            _cpu->RetiredAtEnd++;
            _cpu->Remaining = 1;
            PendingEvent delivering = _cpu->State.Events.Delivering;
            return delivering.Valid != 0 ? TryDeliver(delivering, out exit) : TryExecute(step: true, 1, out exit, finishing: true);
        }

        PendingEvent interrupted = _cpu->State.Events.Delivering;
        return interrupted.Valid == 0 || TryDeliver(interrupted, out exit);
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
        ulong resume = _cpu->State.Rflags & Rflags.Resume;
        (byte, byte) shadows = (_cpu->State.Events.StiShadow, _cpu->State.Events.MovSsShadow);
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

        switch (_cpu->Stop)
        {
            case StopReason.Fault:
                if (head is not null)
                {
                    Rewind();
                }

                _engine.Devices.Forget(); // the delivery's accesses are no repetition of the instruction's
                return TryDeliver(_cpu->Fault, out exit);
            case StopReason.Trap:
                return TryDeliver(_cpu->Fault, out exit);
            case StopReason.Exit:
                if (head is not null)
                {
                    Rewind();
                }

                exit = _engine.Devices.IsUnfinished ? _engine.Devices.Exit : _exit;
                return false;
            case StopReason.Head when Retired == retired:
                _cpu->State.Rflags |= resume; // nothing has run: what holds for one instruction still does
                (_cpu->State.Events.StiShadow, _cpu->State.Events.MovSsShadow) = shadows;
                return true;
            default:
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
        _cpu->State.Dr6 |= _cpu->State.Events.PendingDebugTrap;
        _cpu->State.Events.PendingDebugTrap = 0;
        _cpu->State.Events.MpState = MpState.Runnable;
        return TryDeliver(new PendingEvent { Valid = 1, Vector = (byte)Vector.Debug, Kind = EventKind.Exception }, out exit);
    }

    /// <summary>Delivers an event; faults met on the way become double faults and at last a shutdown. A delivery counts one instruction.</summary>
    private bool TryDeliver(PendingEvent pending, out VmExit exit)
    {
        exit = default;
        _cpu->LinkPlace = null; // the handler does not follow the block that ran last
        while (true)
        {
            _cpu->State.Events.Delivering = pending;
            _cpu->Stop = StopReason.Lookup;
            if (EventDelivery.TryDeliver(_cpu, pending, _cpu->State.Rip))
            {
                _cpu->State.Events.Delivering = default;
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
