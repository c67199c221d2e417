using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Observing;

/// <summary>Tells the observer of events, in the terms of the API.</summary>
internal static unsafe class ObservedEvents
{
    /// <summary>Tells of an event that is about to be taken, if anybody observes.</summary>
    /// <param name="engine">The vCPU.</param>
    /// <param name="pending">The event.</param>
    public static void Tell(VcpuEngine engine, in PendingEvent pending)
    {
        if (engine.Machine.Observer is not { } observer)
        {
            return;
        }

        var observed = new ObservedEvent
        {
            VcpuId = engine.Id,
            Position = engine.Position,
            Kind = pending.Kind switch
            {
                EventKind.External => ObservedEventKind.ExternalInterrupt,
                EventKind.Exception => ObservedEventKind.Exception,
                EventKind.SoftwareInterrupt => ObservedEventKind.SoftwareInterrupt,
                _ => ObservedEventKind.SoftwareException,
            },
            Vector = pending.Vector,
            ErrorCode = pending.HasErrorCode != 0 ? pending.ErrorCode : null,
            Address = pending.Kind == EventKind.Exception && pending.Vector == (byte)Vector.PageFault ? engine.Cpu->State.Cr2 : 0,
        };
        observer.OnEvent(observed);
    }
}
