using KvmSharp.Cpu;

namespace KvmSharp.Engine;

/// <summary>What the run loop asks between instructions: is there a request to serve, an interrupt to take, a reason to wake?</summary>
internal sealed unsafe class EventIntake(VcpuEngine engine, VirtualMachine vm)
{
    private readonly CpuContext* _cpu = engine.Cpu;

    /// <summary>Gets a value indicating whether the embedder waits for a window and it is open. KVM_EXIT_IRQ_WINDOW_OPEN.</summary>
    public bool WindowIsOpen => engine.WantsInterruptWindow && CanTakeInterrupt;

    /// <summary>Gets a value indicating whether an external interrupt could be taken before the next instruction.</summary>
    public bool CanTakeInterrupt =>
        (_cpu->State.Rflags & Rflags.Interrupt) != 0
        && (_cpu->State.Events.StiShadow | _cpu->State.Events.MovSsShadow) == 0
        && _cpu->State.Events.InjectedInterrupt == EventState.NoInterrupt;

    private bool HasInterrupt => _cpu->State.Events.InjectedInterrupt != EventState.NoInterrupt
        || (engine.Requests.InterruptLine && vm.InterruptController is not null);

    private bool NmiIsDue => _cpu->State.Events is { NmiPending: not 0, NmiMasked: 0, MovSsShadow: 0, StiShadow: 0 };

    /// <summary>Serves requests.</summary>
    /// <param name="exit">The exit, if one of them ends the run.</param>
    /// <returns>Whether the run ends.</returns>
    public bool TryServe(out VmExit exit)
    {
        Requests requests = engine.Requests;
        requests.ServeMappings();
        requests.Clear(PendingWork.Interrupt | PendingWork.Deadline | PendingWork.InterruptWindow | PendingWork.Step);
        if (requests.Has(PendingWork.Nmi))
        {
            requests.Clear(PendingWork.Nmi);
            _cpu->State.Events.NmiPending = 1;
        }

        if (requests.Has(PendingWork.SystemEvent))
        {
            requests.Clear(PendingWork.SystemEvent);
            engine.Statistics.Count(VmExitReason.SystemEvent);
            exit = VmExit.System(engine.Id, requests.TakeSystemEvent());
            return true;
        }

        requests.Clear(PendingWork.Leave);
        InterruptCause cause = requests switch
        {
            { ImmediateExit: true } => InterruptCause.ImmediateExit,
            _ when requests.TakeKick() => InterruptCause.Kick,
            { Cancellation.IsCancellationRequested: true } => InterruptCause.Cancellation,
            _ => InterruptCause.None,
        };
        if (requests.IsKicked)
        {
            requests.Raise(PendingWork.Leave); // another cause ended this run, so the kick is for the next
        }

        exit = VmExit.Interrupted(engine.Id, cause);
        return cause != InterruptCause.None;
    }

    /// <summary>Takes the most urgent event that can be taken before the next instruction.</summary>
    /// <param name="taken">The event.</param>
    /// <returns>Whether there was one.</returns>
    public bool TryTake(out PendingEvent taken)
    {
        ref EventState events = ref _cpu->State.Events;
        taken = default;
        if (events.NmiPending != 0 && NmiIsDue)
        {
            events.NmiPending = 0;
            events.NmiMasked = 1;
            taken = External((byte)Vector.Nmi);
            return true;
        }

        if ((_cpu->State.Rflags & Rflags.Interrupt) == 0 || (events.StiShadow | events.MovSsShadow) != 0)
        {
            return false;
        }

        if (events.InjectedInterrupt != EventState.NoInterrupt)
        {
            taken = External((byte)events.InjectedInterrupt);
            events.InjectedInterrupt = EventState.NoInterrupt;
            return true;
        }

        if (engine.Requests.InterruptLine && vm.InterruptController is { } controller)
        {
            engine.Requests.LeaveGuest();
            byte vector = controller.Acknowledge();
            engine.Requests.EnterGuest();
            taken = External(vector);
            return true;
        }

        return false;
    }

    /// <summary>Holds a halted vCPU until something wakes it, or ends the run.</summary>
    /// <param name="end">The instruction count at which the budget ends.</param>
    /// <param name="exit">The exit.</param>
    /// <returns><see langword="true"/> when it goes on, or the caller shall look at requests.</returns>
    public bool TryWake(ref ulong end, out VmExit exit)
    {
        exit = VmExit.Plain(engine.Id, VmExitReason.Hlt);
        if (vm.InterruptController is null)
        {
            _cpu->State.Events.MpState = MpState.Runnable;
            engine.Statistics.Count(VmExitReason.Hlt);
            return false;
        }

        bool enabled = (_cpu->State.Rflags & Rflags.Interrupt) != 0;
        if (NmiIsDue || (enabled && HasInterrupt))
        {
            _cpu->State.Events.MpState = MpState.Runnable;
            return true;
        }

        if (engine.WantsInterruptWindow && enabled)
        {
            exit = VmExit.Plain(engine.Id, VmExitReason.IrqWindowOpen);
            return false;
        }

        if (!enabled)
        {
            engine.Statistics.Count(VmExitReason.Hlt);
            return false; // only an NMI could wake it, and nobody here sends one
        }

        if (vm.InstructionClock is { } clock && clock.IsDrivenBy(engine))
        {
            return TrySkip(clock, ref end, ref exit);
        }

        engine.Requests.WaitForWork();
        return true;
    }

    private static PendingEvent External(byte vector) => new() { Valid = 1, Vector = vector, Kind = EventKind.External };

    // Deterministic time jumps to the next deadline. One that wakes nobody costs an instruction, so that a budget ends this too.
    private bool TrySkip(InstructionClock clock, ref ulong end, ref VmExit exit)
    {
        if (!clock.TrySkipToDeadline())
        {
            engine.Statistics.Count(VmExitReason.Hlt);
            return false;
        }

        clock.RunDue();
        bool wakes = NmiIsDue || HasInterrupt || engine.Requests.Has(PendingWork.Nmi);
        if (!wakes)
        {
            if (_cpu->RetiredAtEnd - (ulong)_cpu->Remaining >= end)
            {
                exit = VmExit.Interrupted(engine.Id, InterruptCause.Budget);
                return false;
            }

            _cpu->RetiredAtEnd++;
        }

        return true;
    }
}
