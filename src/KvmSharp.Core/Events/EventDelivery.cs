using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Segmentation;

namespace KvmSharp.Events;

/// <summary>Takes an event through the IVT or IDT. Intel SDM Vol. 3A, "Interrupt and Exception Handling".</summary>
/// <remarks>
/// All or nothing: a delivery that faults has changed nothing but accessed bits, except behind a task switch, which
/// <see cref="CpuContext.Stop"/> tells by <see cref="StopReason.Trap"/>: then RIP and all else are the new task's.
/// In both cases a fault met here is to be delivered with RIP as the return address. DR6, CR2, the NMI mask and the interrupt
/// shadows are the caller's.
/// </remarks>
internal static unsafe class EventDelivery
{
    private const uint ExternalBit = 1; // EXT: not caused by a software interrupt

    /// <summary>Delivers an event: afterwards RIP is at the handler.</summary>
    /// <param name="cpu">The processor; <see cref="CpuContext.Flags"/> holds the arithmetic flags.</param>
    /// <param name="e">The event.</param>
    /// <param name="returnRip">What is pushed: the instruction itself for a fault, the one behind it for a trap or INT n.</param>
    /// <returns>Whether it was delivered; else <see cref="CpuContext.Fault"/> is the fault it met, or an exit is needed.</returns>
    public static bool TryDeliver(CpuContext* cpu, in PendingEvent e, ulong returnRip)
    {
        bool done;
        if (ProcessorMode.IsReal(cpu))
        {
            done = RealModeDelivery.TryDeliver(cpu, e, returnRip);
        }
        else
        {
            done = ProcessorMode.IsLong(cpu)
                ? LongModeDelivery.TryDeliver(cpu, e, returnRip)
                : ProtectedDelivery.TryDeliver(cpu, e, returnRip);
        }

        if (!done && cpu->Stop is StopReason.Fault or StopReason.Trap)
        {
            MarkExternal(cpu, e);
        }

        return done;
    }

    /// <summary>Tests whether an event is a fault: its instruction runs again, so EFLAGS are saved with RF set.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Whether it is one. A #DB counts as a trap, a double fault and a machine check as aborts.</returns>
    public static bool IsFault(in PendingEvent e) =>
        e.Kind == EventKind.Exception
        && (Vector)e.Vector is not (Vector.Debug or Vector.Breakpoint or Vector.Overflow or Vector.DoubleFault or Vector.MachineCheck);

    /// <summary>Tests whether an event is an instruction's wish, so that gate privileges count and EXT stays clear.</summary>
    /// <param name="e">The event.</param>
    /// <returns>Whether it is INT n, INT3 or INTO.</returns>
    public static bool IsSoftware(in PendingEvent e) => e.Kind is EventKind.SoftwareInterrupt or EventKind.SoftwareException;

    private static void MarkExternal(CpuContext* cpu, in PendingEvent e)
    {
        bool namesSelector = (Vector)cpu->Fault.Vector
            is Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault or Vector.GeneralProtection;
        if (namesSelector && !IsSoftware(e))
        {
            cpu->Fault.ErrorCode |= ExternalBit;
        }
    }
}
