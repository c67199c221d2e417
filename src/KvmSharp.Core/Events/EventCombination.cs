using KvmSharp.Cpu;

namespace KvmSharp.Events;

/// <summary>What becomes of a fault that is met while another event is delivered. Intel SDM Vol. 3A, "Interrupt 8: Double Fault Exception".</summary>
/// <remarks>
/// <code>
/// first \ second  benign   contributory   page fault
/// benign          second   second         second
/// contributory    second   double fault   second
/// page fault      second   double fault   double fault
/// double fault    second   shutdown       shutdown
/// </code>
/// </remarks>
internal static class EventCombination
{
    private enum EventClass
    {
        Benign,
        Contributory,
        PageFault,
        DoubleFault,
    }

    /// <summary>Decides what to deliver next.</summary>
    /// <param name="first">The event whose delivery failed.</param>
    /// <param name="second">The fault that its delivery met.</param>
    /// <returns>The decision.</returns>
    public static CombinedEvent Combine(in PendingEvent first, in PendingEvent second) => (Classify(first), Classify(second)) switch
    {
        (_, EventClass.Benign) => CombinedEvent.Second,
        (EventClass.DoubleFault, _) => CombinedEvent.Shutdown,
        (EventClass.Contributory, EventClass.Contributory) => CombinedEvent.DoubleFault,
        (EventClass.PageFault, EventClass.Contributory or EventClass.PageFault) => CombinedEvent.DoubleFault,
        _ => CombinedEvent.Second,
    };

    /// <summary>Makes the double fault: an abort with error code 0.</summary>
    /// <returns>The event.</returns>
    public static PendingEvent MakeDoubleFault() => new()
    {
        Valid = 1,
        Vector = (byte)Vector.DoubleFault,
        Kind = EventKind.Exception,
        HasErrorCode = 1,
    };

    // Interrupts of all kinds are benign, whatever their vector: INT 13 is not a #GP.
    private static EventClass Classify(in PendingEvent e) => (e.Kind, (Vector)e.Vector) switch
    {
        (not EventKind.Exception, _) => EventClass.Benign,
        (_, Vector.DivideError or Vector.InvalidTss or Vector.SegmentNotPresent or Vector.StackFault or Vector.GeneralProtection)
            => EventClass.Contributory,
        (_, Vector.PageFault) => EventClass.PageFault,
        (_, Vector.DoubleFault) => EventClass.DoubleFault,
        _ => EventClass.Benign,
    };
}

/// <summary>The decision of <see cref="EventCombination"/>.</summary>
internal enum CombinedEvent
{
    /// <summary>The second event is delivered; the first is dropped and comes again when its instruction does.</summary>
    Second,

    /// <summary>A double fault is delivered instead of both.</summary>
    DoubleFault,

    /// <summary>The processor shuts down: a triple fault.</summary>
    Shutdown,
}
