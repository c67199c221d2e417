namespace KvmSharp.Cli;

/// <summary>What real KVM and VT-x would have reported of an event.</summary>
/// <remarks>KVM's numbers are those of linux/kvm.h, Intel's those of the appendix "VMX Basic Exit Reasons" of the SDM.</remarks>
internal static class RealHardware
{
    /// <summary>The lines for an event.</summary>
    public static IEnumerable<string> Lines(TraceRecord record) => record.Kind switch
    {
        "fault" => OfFault(record.Vector ?? 0),
        "interrupt" =>
        [
            "KVM: no exit for the guest's side of it; the host injects the vector at the next entry (KVM_INTERRUPT, or the in-kernel chip).",
            "VT-x: injected through the VM-entry interruption-information field; when the guest has IF = 0 the host asks for exit 7 (interrupt window) first.",
        ],
        "softwareInterrupt" => ["KVM: no exit.", "VT-x: INT n has no exit of its own; the processor goes through the guest's IDT."],
        "halt" =>
        [
            "KVM: KVM_EXIT_HLT (5) when the interrupt chips are in user space; with KVM_CREATE_IRQCHIP the vCPU waits in the kernel.",
            "VT-x: basic exit reason 12 (HLT), when the \"HLT exiting\" control is set, as KVM sets it.",
        ],
        "memory" or "instruction" or "console" or "unmapped" => ["KVM and VT-x: no exit of its own."],
        _ => OfExit(record),
    };

    private static IEnumerable<string> OfFault(int vector)
    {
        yield return vector == ExceptionNames.DoubleFault
            ? "KVM: no exit; a further fault while it is delivered would be KVM_EXIT_SHUTDOWN (8)."
            : "KVM: no exit to user space; the guest handles it through its own IDT.";
        yield return vector == ExceptionNames.PageFault
            ? "VT-x: none with EPT, as today. With shadow paging basic exit reason 0 (exception or NMI), vector 14, the address in the exit qualification."
            : $"VT-x: none unless bit {vector} of the exception bitmap is set; then basic exit reason 0 (exception or NMI), vector {vector}.";
    }

    private static IEnumerable<string> OfExit(TraceRecord record)
    {
        string name = record.Reason is { } reason ? $"KVM_EXIT_{KvmNameOf(reason)}" : "none";
        yield return record.Kvm is { } number and < 256 ? $"KVM: {name} ({number})." : "KVM: it keeps such exits to itself.";
        yield return record.Vtx is { } vtx ? $"VT-x: basic exit reason {vtx} ({VtxNameOf(vtx, record.Reason)})." : "VT-x: no exit of its own; the board or the emulator decided.";
    }

    private static string KvmNameOf(string reason) => reason switch
    {
        "IrqWindowOpen" => "IRQ_WINDOW_OPEN",
        "FailEntry" => "FAIL_ENTRY",
        "InternalError" => "INTERNAL_ERROR",
        "SystemEvent" => "SYSTEM_EVENT",
        "Rdmsr" => "X86_RDMSR",
        "Wrmsr" => "X86_WRMSR",
        _ => reason.ToUpperInvariant(),
    };

    private static string VtxNameOf(int number, string? reason) => (BasicExitReason)number switch
    {
        BasicExitReason.IoInstruction => "I/O instruction",
        BasicExitReason.EptViolation => "EPT violation; 49, EPT misconfiguration, in KVM's fast path for MMIO",
        BasicExitReason.TripleFault => "triple fault",
        BasicExitReason.Hlt => "HLT",
        BasicExitReason.Vmcall => "VMCALL",
        BasicExitReason.Rdmsr => "RDMSR",
        BasicExitReason.Wrmsr => "WRMSR",
        BasicExitReason.InterruptWindow => "interrupt window",
        BasicExitReason.ExceptionOrNmi => "exception or NMI",
        _ => reason ?? "see the SDM",
    };
}
