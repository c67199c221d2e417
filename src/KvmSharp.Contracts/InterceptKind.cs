namespace KvmSharp;

/// <summary>What an intercept watches for. Each kind counts by itself; the number has no meaning outside this library.</summary>
public enum InterceptKind : byte
{
    /// <summary>No intercept.</summary>
    None = 0,

    /// <summary>CPUID.</summary>
    Cpuid,

    /// <summary>HLT.</summary>
    Hlt,

    /// <summary>INVLPG. The qualification is the linear address.</summary>
    Invlpg,

    /// <summary>RDTSC.</summary>
    Rdtsc,

    /// <summary>RDTSCP.</summary>
    Rdtscp,

    /// <summary>A read of a control register: MOV from CR, and SMSW as a read of CR0.</summary>
    ControlRegisterRead,

    /// <summary>A write to a control register: MOV to CR, and CLTS and LMSW as writes to CR0.</summary>
    ControlRegisterWrite,

    /// <summary>MOV from DR.</summary>
    DebugRegisterRead,

    /// <summary>MOV to DR.</summary>
    DebugRegisterWrite,

    /// <summary>RDMSR of any register.</summary>
    Rdmsr,

    /// <summary>WRMSR of any register.</summary>
    Wrmsr,

    /// <summary>INT n. INT3, INTO and INT1 belong to <see cref="Exception"/>, as in VT-x.</summary>
    SoftwareInterrupt,

    /// <summary>An exception other than a page fault, about to be delivered; or INT3, INTO (with OF set) and INT1.</summary>
    Exception,

    /// <summary>A page fault, about to be delivered. The qualification is the linear address.</summary>
    PageFault,

    /// <summary>An external interrupt, acknowledged and about to be delivered.</summary>
    ExternalInterrupt,

    /// <summary>An NMI, about to be delivered.</summary>
    Nmi,

    /// <summary>A switch to another task, found permitted and about to be made.</summary>
    TaskSwitch,
}
