using KvmSharp.Cpu;

namespace KvmSharp.Intercepts;

/// <summary>Which control an event falls under. Intel SDM Vol. 3C, "Other Causes of VM Exits".</summary>
internal static class EventIntercepts
{
    public static InterceptKind KindOf(in PendingEvent e) => (e.Kind, (Vector)e.Vector) switch
    {
        (EventKind.External, Vector.Nmi) => InterceptKind.Nmi,
        (EventKind.External, _) => InterceptKind.ExternalInterrupt,
        (EventKind.Exception, Vector.PageFault) => InterceptKind.PageFault,
        _ => InterceptKind.Exception,
    };

    public static InterceptMode ModeOf(InterceptControls controls, InterceptKind kind, in PendingEvent e) => kind switch
    {
        InterceptKind.Nmi => controls.Nmi,
        InterceptKind.ExternalInterrupt => controls.ExternalInterrupt,
        InterceptKind.PageFault when (e.ErrorCode & controls.PageFaultErrorMask) != controls.PageFaultErrorMatch => InterceptMode.Off,
        _ => controls.OfException(e.Vector),
    };
}
