namespace KvmSharp;

/// <summary>What is done when an intercepted instruction or event comes.</summary>
public enum InterceptMode : byte
{
    /// <summary>Nothing: the guest runs as if there were no intercepts.</summary>
    Off = 0,

    /// <summary>It is counted in <see cref="VcpuStatistics"/> and happens.</summary>
    Count,

    /// <summary>It is counted, and <c>Run</c> returns <see cref="VmExitReason.Intercept"/> before it happens.</summary>
    Exit,
}

/// <summary>Which instructions and events of a vCPU are intercepted: the execution controls of a VMCS, as far as a course needs them.</summary>
/// <remarks>
/// Intel SDM Vol. 3C, "VM-Execution Control Fields" and "Instructions That Cause VM Exits". An instruction that would fault by its
/// privilege faults first, as there. KVM has no such controls: it keeps them to itself.
/// </remarks>
public sealed record InterceptControls
{
    private const int ExceptionVectors = 32;

    /// <summary>Gets the controls with everything off.</summary>
    public static InterceptControls None { get; } = new();

    /// <summary>Gets the mode for CPUID.</summary>
    public InterceptMode Cpuid { get; init; }

    /// <summary>Gets the mode for HLT.</summary>
    public InterceptMode Hlt { get; init; }

    /// <summary>Gets the mode for INVLPG.</summary>
    public InterceptMode Invlpg { get; init; }

    /// <summary>Gets the mode for RDTSC and RDTSCP.</summary>
    public InterceptMode Rdtsc { get; init; }

    /// <summary>Gets the mode for MOV from CR0 and SMSW. VT-x has masks and a shadow register in its place.</summary>
    public InterceptMode Cr0Read { get; init; }

    /// <summary>Gets the mode for MOV to CR0, CLTS and LMSW, whichever bits they change.</summary>
    public InterceptMode Cr0Write { get; init; }

    /// <summary>Gets the mode for MOV from CR3.</summary>
    public InterceptMode Cr3Read { get; init; }

    /// <summary>Gets the mode for MOV to CR3. A task switch loads CR3 without it.</summary>
    public InterceptMode Cr3Write { get; init; }

    /// <summary>Gets the mode for MOV from CR4.</summary>
    public InterceptMode Cr4Read { get; init; }

    /// <summary>Gets the mode for MOV to CR4.</summary>
    public InterceptMode Cr4Write { get; init; }

    /// <summary>Gets the mode for MOV from CR8.</summary>
    public InterceptMode Cr8Read { get; init; }

    /// <summary>Gets the mode for MOV to CR8.</summary>
    public InterceptMode Cr8Write { get; init; }

    /// <summary>Gets the mode for MOV from any DR.</summary>
    public InterceptMode DebugRegisterRead { get; init; }

    /// <summary>Gets the mode for MOV to any DR.</summary>
    public InterceptMode DebugRegisterWrite { get; init; }

    /// <summary>Gets the mode for RDMSR of any register. <see cref="VirtualMachine.MsrFilter"/> selects single ones.</summary>
    public InterceptMode Rdmsr { get; init; }

    /// <summary>Gets the mode for WRMSR to any register.</summary>
    public InterceptMode Wrmsr { get; init; }

    /// <summary>Gets the mode for INT n. INT3, INTO and INT1 follow the exception bitmap.</summary>
    public InterceptMode SoftwareInterrupt { get; init; }

    /// <summary>Gets the exception bitmap: a set bit makes the exception with that vector exit. Bit 14 is the page fault.</summary>
    public uint ExceptionExits { get; init; }

    /// <summary>Gets the bitmap of exceptions that are counted only; a bit in <see cref="ExceptionExits"/> counts more.</summary>
    public uint ExceptionCounts { get; init; }

    /// <summary>Gets which bits of a page fault's error code are compared with <see cref="PageFaultErrorMatch"/>.</summary>
    /// <remarks>A page fault that does not match is not intercepted. (With bit 14 clear VT-x turns the meaning round; here it does not.)</remarks>
    public uint PageFaultErrorMask { get; init; }

    /// <summary>Gets what those bits must be.</summary>
    public uint PageFaultErrorMatch { get; init; }

    /// <summary>Gets the mode for external interrupts. At the exit the interrupt is acknowledged and its vector known.</summary>
    public InterceptMode ExternalInterrupt { get; init; }

    /// <summary>Gets the mode for NMIs.</summary>
    public InterceptMode Nmi { get; init; }

    /// <summary>Gets the mode for task switches, whatever asks for them.</summary>
    public InterceptMode TaskSwitch { get; init; }

    /// <summary>Gives the mode for an exception.</summary>
    /// <param name="vector">0 to 31.</param>
    /// <returns>The mode; the page fault's error code is not looked at.</returns>
    public InterceptMode OfException(byte vector) => vector switch
    {
        >= ExceptionVectors => InterceptMode.Off,
        _ when (ExceptionExits >> vector & 1) != 0 => InterceptMode.Exit,
        _ when (ExceptionCounts >> vector & 1) != 0 => InterceptMode.Count,
        _ => InterceptMode.Off,
    };

    /// <summary>Gives the same controls with another mode for one exception.</summary>
    /// <param name="vector">0 to 31.</param>
    /// <param name="mode">Its mode.</param>
    /// <returns>The controls.</returns>
    public InterceptControls WithException(byte vector, InterceptMode mode)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(vector, ExceptionVectors);
        uint bit = 1u << vector;
        return this with
        {
            ExceptionExits = mode == InterceptMode.Exit ? ExceptionExits | bit : ExceptionExits & ~bit,
            ExceptionCounts = mode == InterceptMode.Count ? ExceptionCounts | bit : ExceptionCounts & ~bit,
        };
    }

    /// <summary>Gives the mode for a control register.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="direction">Read for MOV from CR.</param>
    /// <returns>The mode; off for registers that have no control.</returns>
    internal InterceptMode OfControlRegister(int number, ExitDirection direction) => (number, direction) switch
    {
        (0, ExitDirection.Read) => Cr0Read,
        (0, _) => Cr0Write,
        (3, ExitDirection.Read) => Cr3Read,
        (3, _) => Cr3Write,
        (4, ExitDirection.Read) => Cr4Read,
        (4, _) => Cr4Write,
        (8, ExitDirection.Read) => Cr8Read,
        (8, _) => Cr8Write,
        _ => InterceptMode.Off,
    };
}
