using KvmSharp.Apic;
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

    /// <summary>Gets a value indicating whether a halted or parked vCPU waits for an NMI, INIT or start-up: no timer and no device line wakes it.</summary>
    public bool NeedsAnother => IsParked || (_cpu->State.Rflags & Rflags.Interrupt) == 0;

    /// <summary>Gets a value indicating whether setting EFLAGS.IF leads to something: an interrupt, or the window that the embedder waits for.</summary>
    public bool HasWork => HasInterrupt || engine.WantsInterruptWindow;

    private bool HasInterrupt => _cpu->State.Events.InjectedInterrupt != EventState.NoInterrupt
        || HasExternal
        || engine.Apic is { HasDeliverable: true };

    // The 8259's INTR reaches the processor through LINT0 of the local APIC, where there is one.
    private bool HasExternal => vm.InterruptController is not null && (engine.Apic?.Inputs.HasExternal ?? engine.Requests.InterruptLine);

    private bool NmiIsDue => _cpu->State.Events is { NmiPending: not 0, NmiMasked: 0, MovSsShadow: 0, StiShadow: 0 };

    /// <summary>Serves requests.</summary>
    /// <param name="exit">The exit, if one of them ends the run.</param>
    /// <returns>Whether the run ends.</returns>
    public bool TryServe(out VmExit exit)
    {
        Requests requests = engine.Requests;
        requests.GiveWay();
        requests.ServeMappings();
        requests.Clear(PendingWork.Interrupt | PendingWork.Deadline | PendingWork.InterruptWindow | PendingWork.Step);
        if (requests.Has(PendingWork.Translation))
        {
            requests.Clear(PendingWork.Translation);
            engine.Translator?.TakeCompiled();
        }

        if (engine.Apic is { } apic && requests.Has(PendingWork.ApicTimer | PendingWork.Startup))
        {
            ServeApic(apic);
        }

        if (requests.Has(PendingWork.Nmi))
        {
            requests.Clear(PendingWork.Nmi);
            _cpu->State.Events.NmiPending = IsParked ? (byte)0 : (byte)1;
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

        if (HasExternal && vm.InterruptController is { } controller)
        {
            engine.Apic?.Inputs.TakeExternal();
            engine.Requests.LeaveGuest();
            byte vector = controller.Acknowledge();
            engine.Requests.EnterGuest();
            taken = External(vector);
            return true;
        }

        if (engine.Apic is { } apic && apic.TryAcknowledge(out byte own))
        {
            taken = External(own);
            return true;
        }

        return false;
    }

    /// <summary>Tells whether a vCPU that does not run, halted or waiting for a start-up IPI, has a reason to go on.</summary>
    /// <returns>Whether it has.</returns>
    public bool HasReasonToWake()
    {
        if (engine.Apic is { } apic && engine.Requests.Has(PendingWork.ApicTimer))
        {
            ServeApic(apic);
        }

        return engine.Requests.Has(PendingWork.Nmi | PendingWork.Startup)
            || (!IsParked && (NmiIsDue || ((_cpu->State.Rflags & Rflags.Interrupt) != 0 && HasInterrupt)));
    }

    /// <summary>Holds a vCPU that is halted, or waits for a start-up IPI, until something wakes it, or ends the run.</summary>
    /// <param name="end">The instruction count at which the budget ends.</param>
    /// <param name="exit">The exit.</param>
    /// <returns><see langword="true"/> when it goes on, or the caller shall look at requests.</returns>
    public bool TryWake(ref ulong end, out VmExit exit)
    {
        exit = VmExit.Plain(engine.Id, VmExitReason.Hlt);
        if (vm.InterruptController is null && engine.Apic is null)
        {
            _cpu->State.Events.MpState = MpState.Runnable;
            engine.Statistics.Count(VmExitReason.Hlt);
            return false;
        }

        bool enabled = !IsParked && (_cpu->State.Rflags & Rflags.Interrupt) != 0;
        if (!IsParked && (NmiIsDue || (enabled && HasInterrupt)))
        {
            _cpu->State.Events.MpState = MpState.Runnable;
            return true;
        }

        if (engine.WantsInterruptWindow && enabled)
        {
            exit = VmExit.Plain(engine.Id, VmExitReason.IrqWindowOpen);
            return false;
        }

        if (engine.TakesTurns)
        {
            return false; // the others run on, or time does: see VcpuTurns
        }

        if (!enabled)
        {
            return TryWaitForOthers(); // only an NMI, INIT or a start-up could wake it
        }

        if (vm.InstructionClock is { } clock && clock.IsDrivenBy(engine))
        {
            return TrySkip(clock, ref end, ref exit);
        }

        engine.Requests.WaitForWork();
        return true;
    }

    private bool IsParked => _cpu->State.Events.MpState is MpState.Uninitialized or MpState.InitReceived;

    // Another vCPU that runs may send something. Without local APICs none can, and the last one to halt waits in vain.
    private bool TryWaitForOthers()
    {
        if (engine.Apic is null || !vm.IdleWatch.TryEnter(engine))
        {
            engine.Statistics.Count(VmExitReason.Hlt);
            return false;
        }

        engine.Requests.WaitForWork();
        engine.IsStuck = false;
        return true;
    }

    private void ServeApic(LocalApic apic)
    {
        if (engine.Requests.Has(PendingWork.ApicTimer))
        {
            engine.Requests.Clear(PendingWork.ApicTimer);
            apic.Timer.Serve(deadlineCame: true);
        }

        if (engine.Requests.Has(PendingWork.Startup))
        {
            vm.IdleWatch.Serve(engine, apic);
        }
    }

    private static PendingEvent External(byte vector) => new() { Valid = 1, Vector = vector, Kind = EventKind.External };

    // Deterministic time jumps to the next deadline. One that wakes nobody costs an instruction, so that a budget ends this too.
    private bool TrySkip(InstructionClock clock, ref ulong end, ref VmExit exit)
    {
        if (!clock.TrySkipToDeadline())
        {
            return TryWaitForOthers();
        }

        clock.RunDue();
        if (!HasReasonToWake())
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
