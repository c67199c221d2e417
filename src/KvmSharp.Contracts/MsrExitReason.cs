namespace KvmSharp;

/// <summary>Why RDMSR or WRMSR left to the embedder. The bits are KVM's (KVM_MSR_EXIT_REASON_*).</summary>
[Flags]
public enum MsrExitReason : byte
{
    /// <summary>Not an MSR exit; as a choice, every refused access raises #GP(0).</summary>
    None = 0,

    /// <summary>The register exists but does not take the value. KVM_MSR_EXIT_REASON_INVAL.</summary>
    Invalid = 1,

    /// <summary>There is no such register. KVM_MSR_EXIT_REASON_UNKNOWN.</summary>
    Unknown = 2,

    /// <summary>The machine's filter denies the access. KVM_MSR_EXIT_REASON_FILTER.</summary>
    Filtered = 4,
}
