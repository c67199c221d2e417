using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Instructions;

namespace KvmSharp.Engine;

/// <summary>Blocks: one is found, entered, left in the middle or run to its end, and what it stopped for is done.</summary>
internal sealed unsafe partial class RunLoop
{
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

    /// <summary>Tells whether the chain may go on behind an instruction that changes more than registers and memory.</summary>
    /// <param name="enablesInterrupts">Whether it has set EFLAGS.IF.</param>
    /// <returns><see langword="false"/> when debugging or an interrupt that can be taken now wants the run loop.</returns>
    public bool MayFollow(bool enablesInterrupts) =>
        !_engine.Breakpoints.IsArmed && _engine.Debugger.Options is null && !(enablesInterrupts && _events.HasWork);

    // The quick way to finish, when nobody asks for anything else: the block goes on where it stopped, instead of its instruction
    // being decoded alone. The budget must leave room for the rest of the block.
    private bool MayResume(out long slice)
    {
        MicroOp* op = _unfinished;
        _unfinished = null;
        slice = 0;
        if (op is null || Volatile.Read(ref _cpu->Pending) != 0 || _engine.Requests.ImmediateExit || NeedsStep || IsInWatchedPage
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

    private bool TryExecute(bool step, long slice, out VmExit exit, bool finishing = false)
    {
        exit = default;
        ulong retired = _started = Retired;
        slice = step ? 1 : slice;
        _cpu->RetiredAtEnd = retired + (ulong)slice;
        _cpu->Remaining = slice;
        bool trap = (_cpu->State.Rflags & Rflags.Trap) != 0;
        _oneShot = new OneShot(_cpu->State.Rflags & Rflags.Resume, _cpu->State.Events.StiShadow, _cpu->State.Events.MovSsShadow);
        _cpu->State.Rflags &= ~Rflags.Resume;
        if (step)
        {
            _cpu->State.Events.StiShadow = 0;
            _cpu->State.Events.MovSsShadow = 0;
        }

        _cpu->SuppressTrap = 0;
        _cpu->Stop = StopReason.Lookup;
        bool alone = !step && IsInWatchedPage;
        MicroOp* head = FindBlock(ref step, alone);
        MicroOp** link = _cpu->LinkPlace; // read behind the search, which takes it back when it drops the block
        _cpu->LinkPlace = null;
        if (head is not null)
        {
            if (link is not null && !step && !alone)
            {
                _engine.Code.Links.Connect(link, head);
            }

            RunChain(finishing ? Enter(head) : head);
            if (_cpu->Stop == StopReason.Fault && !step)
            {
                return TryFollowFaults(out exit);
            }
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

    // The instruction that stopped did not happen. What held for one instruction held for the first.
    private void Undo(bool ran)
    {
        if (!ran)
        {
            return;
        }

        Rewind();
        if (Retired != _started)
        {
            _oneShot = default;
        }
    }

    // From a fault to its handler, when nothing wants the run loop in between and the handler has been met before.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryFollowFaults(out VmExit exit)
    {
        while (TryConclude(ran: true, trap: false, out exit))
        {
            _cpu->Stop = StopReason.Lookup;
            MicroOp* handler = GeneralShape.Follow(_cpu, flagsBefore: _cpu->State.Rflags);
            if (handler is null)
            {
                return true;
            }

            _started = Retired;
            _oneShot = default;
            _cpu->SuppressTrap = 0;
            RunChain(handler);
            if (_cpu->Stop == StopReason.Head && Retired == _started)
            {
                return true;
            }

            if (_cpu->Stop != StopReason.Fault)
            {
                return TryConclude(ran: true, trap: false, out exit);
            }
        }

        return false;
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
                Undo(ran);
                _engine.Breakpoints.DropHits();
                _engine.Devices.Forget(); // the delivery's accesses are no repetition of the instruction's
                _engine.Intercepts.NoteFault(_oneShot);
                return TryDeliver(_cpu->Fault, out exit);
            case StopReason.Trap:
                return TryDeliver(_cpu->Fault, out exit);
            case StopReason.Exit:
                Undo(ran);
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
    // One that runs alone gets just the budget that it needs, and is passed over when a breakpoint lies behind its first instruction.
    private MicroOp* FindBlock(ref bool step, bool alone)
    {
        MicroOp* head = _engine.Code.Find(step, remember: !alone);
        if (head is null)
        {
            return null;
        }

        bool isBroken = alone && _engine.Breakpoints.WatchesCode(_cpu->LinearOfCode(_cpu->State.Rip), Block.OfHead(head)->Length);
        if (!step && (head->Immediate > _cpu->Remaining || isBroken || IsBeyondLimit(head)))
        {
            step = true;
            head = _engine.Code.Find(step: true);
        }

        if (alone && !step)
        {
            _cpu->RetiredAtEnd -= (ulong)_cpu->Remaining - (ulong)head->Immediate;
            _cpu->Remaining = (long)head->Immediate;
        }

        if (head is not null && IsBeyondLimit(head))
        {
            Faults.GeneralProtection(_cpu);
            return null;
        }

        return head;
    }

    // Requests wait until a half-done instruction is whole, so its block's head is not asked, nor is it observed again.
    private MicroOp* Enter(MicroOp* head)
    {
        _cpu->Remaining -= head->Immediate;
        return Observing.InstructionWatch.Skip(head + 1);
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
}
