namespace KvmSharp;

/// <summary>Which of Intel's exit reasons stands for an exit of ours.</summary>
internal static class BasicExitReasons
{
    public static BasicExitReason Of(VmExitReason reason, InterruptCause cause) => reason switch
    {
        VmExitReason.Io => BasicExitReason.IoInstruction,
        VmExitReason.Hypercall => BasicExitReason.Vmcall,
        VmExitReason.Debug => BasicExitReason.ExceptionOrNmi,
        VmExitReason.Hlt => BasicExitReason.Hlt,
        VmExitReason.Mmio => BasicExitReason.EptViolation,
        VmExitReason.IrqWindowOpen => BasicExitReason.InterruptWindow,
        VmExitReason.Shutdown => BasicExitReason.TripleFault,
        VmExitReason.FailEntry => BasicExitReason.InvalidGuestState,
        VmExitReason.Intr => cause == InterruptCause.Budget ? BasicExitReason.PreemptionTimer : BasicExitReason.ExternalInterrupt,
        VmExitReason.Rdmsr => BasicExitReason.Rdmsr,
        VmExitReason.Wrmsr => BasicExitReason.Wrmsr,
        _ => BasicExitReason.None,
    };

    public static BasicExitReason Of(InterceptKind kind) => kind switch
    {
        InterceptKind.Cpuid => BasicExitReason.Cpuid,
        InterceptKind.Hlt => BasicExitReason.Hlt,
        InterceptKind.Invlpg => BasicExitReason.Invlpg,
        InterceptKind.Rdtsc => BasicExitReason.Rdtsc,
        InterceptKind.Rdtscp => BasicExitReason.Rdtscp,
        InterceptKind.ControlRegisterRead or InterceptKind.ControlRegisterWrite => BasicExitReason.ControlRegisterAccess,
        InterceptKind.DebugRegisterRead or InterceptKind.DebugRegisterWrite => BasicExitReason.DebugRegisterAccess,
        InterceptKind.Rdmsr => BasicExitReason.Rdmsr,
        InterceptKind.Wrmsr => BasicExitReason.Wrmsr,
        InterceptKind.SoftwareInterrupt or InterceptKind.Exception or InterceptKind.PageFault or InterceptKind.Nmi => BasicExitReason.ExceptionOrNmi,
        InterceptKind.ExternalInterrupt => BasicExitReason.ExternalInterrupt,
        InterceptKind.TaskSwitch => BasicExitReason.TaskSwitch,
        _ => BasicExitReason.None,
    };
}
