namespace KvmSharp;

/// <summary>Why a processor with VT-x would have left the guest. The numbers are Intel's: SDM Vol. 3D, appendix "VMX Basic Exit Reasons".</summary>
public enum BasicExitReason : ushort
{
    /// <summary>An exception that the bitmap selects, or an NMI. Also INT n here, which VT-x cannot intercept.</summary>
    ExceptionOrNmi = 0,

    /// <summary>An external interrupt. Also a kick and its like: to a real host they are interrupts.</summary>
    ExternalInterrupt = 1,

    /// <summary>A triple fault.</summary>
    TripleFault = 2,

    /// <summary>The guest can take an interrupt.</summary>
    InterruptWindow = 7,

    /// <summary>A task switch.</summary>
    TaskSwitch = 9,

    /// <summary>CPUID.</summary>
    Cpuid = 10,

    /// <summary>HLT.</summary>
    Hlt = 12,

    /// <summary>INVLPG.</summary>
    Invlpg = 14,

    /// <summary>RDTSC.</summary>
    Rdtsc = 16,

    /// <summary>VMCALL.</summary>
    Vmcall = 18,

    /// <summary>A control-register access.</summary>
    ControlRegisterAccess = 28,

    /// <summary>MOV DR.</summary>
    DebugRegisterAccess = 29,

    /// <summary>A port access.</summary>
    IoInstruction = 30,

    /// <summary>RDMSR.</summary>
    Rdmsr = 31,

    /// <summary>WRMSR.</summary>
    Wrmsr = 32,

    /// <summary>The guest state cannot be entered.</summary>
    InvalidGuestState = 33,

    /// <summary>A guest-physical address without memory behind it, or a write to read-only memory.</summary>
    EptViolation = 48,

    /// <summary>RDTSCP.</summary>
    Rdtscp = 51,

    /// <summary>The preemption timer. Here: the instruction budget is used up.</summary>
    PreemptionTimer = 52,

    /// <summary>VT-x has no such exit: a system event, or an internal error.</summary>
    None = ushort.MaxValue,
}
