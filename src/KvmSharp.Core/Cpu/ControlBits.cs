namespace KvmSharp.Cpu;

/// <summary>Bits of CR0. Intel SDM Vol. 3A, "Control Registers".</summary>
internal static class Cr0
{
    public const ulong ProtectionEnable = 1 << 0;
    public const ulong MonitorCoprocessor = 1 << 1;
    public const ulong Emulation = 1 << 2;
    public const ulong TaskSwitched = 1 << 3;
    public const ulong ExtensionType = 1 << 4;
    public const ulong NumericError = 1 << 5;
    public const ulong WriteProtect = 1 << 16;
    public const ulong AlignmentMask = 1 << 18;
    public const ulong NotWriteThrough = 1 << 29;
    public const ulong CacheDisable = 1 << 30;
    public const ulong Paging = 1UL << 31;

    /// <summary>The bits that can be set; the others read 0 and writing them is ignored, as the Pentium Pro does for bits 31:0.</summary>
    public const ulong Defined = ProtectionEnable | MonitorCoprocessor | Emulation | TaskSwitched | ExtensionType | NumericError
        | WriteProtect | AlignmentMask | NotWriteThrough | CacheDisable | Paging;
}

/// <summary>Bits of CR4.</summary>
internal static class Cr4
{
    public const ulong Virtual8086Extensions = 1 << 0;
    public const ulong ProtectedVirtualInterrupts = 1 << 1;
    public const ulong TimeStampDisable = 1 << 2;
    public const ulong DebuggingExtensions = 1 << 3;
    public const ulong PageSizeExtensions = 1 << 4;
    public const ulong PhysicalAddressExtension = 1 << 5;
    public const ulong MachineCheckEnable = 1 << 6;
    public const ulong PageGlobalEnable = 1 << 7;
    public const ulong PerformanceCounterEnable = 1 << 8;
    public const ulong OsFxsr = 1 << 9;
    public const ulong OsXmmExceptions = 1 << 10;
    public const ulong UserModeInstructionPrevention = 1 << 11;
    public const ulong FsGsBase = 1 << 16;
    public const ulong OsXsave = 1 << 18;
    public const ulong SupervisorExecutionPrevention = 1 << 20;
    public const ulong SupervisorAccessPrevention = 1 << 21;
}

/// <summary>Bits of the MSR EFER. Intel SDM Vol. 3A, "Extended Feature Enable Register".</summary>
internal static class Efer
{
    /// <summary>SCE: SYSCALL and SYSRET.</summary>
    public const ulong SystemCallEnable = 1 << 0;

    /// <summary>LME: setting CR0.PG enters long mode.</summary>
    public const ulong LongModeEnable = 1 << 8;

    /// <summary>LMA: the processor is in long mode.</summary>
    public const ulong LongModeActive = 1 << 10;

    /// <summary>NXE: bit 63 of page-table entries forbids execution.</summary>
    public const ulong ExecuteDisableEnable = 1 << 11;
}

/// <summary>Bits of RFLAGS outside the six arithmetic ones. Intel SDM Vol. 1, "EFLAGS Register".</summary>
internal static class Rflags
{
    public const ulong AlwaysOne = 1 << 1;
    public const ulong Trap = 1 << 8;
    public const ulong Interrupt = 1 << 9;
    public const ulong Direction = 1 << 10;
    public const ulong IoplMask = 3 << IoplShift;
    public const int IoplShift = 12;
    public const ulong NestedTask = 1 << 14;
    public const ulong Resume = 1 << 16;
    public const ulong Virtual8086 = 1 << 17;
    public const ulong AlignmentCheck = 1 << 18;
    public const ulong VirtualInterrupt = 1 << 19;
    public const ulong VirtualInterruptPending = 1 << 20;
    public const ulong Identification = 1 << 21;

    /// <summary>Every bit that exists; the rest reads 0 (bit 1 reads 1).</summary>
    public const ulong Defined = Operations.ArithmeticFlags.Mask | Trap | Interrupt | Direction | IoplMask | NestedTask | Resume
        | Virtual8086 | AlignmentCheck | VirtualInterrupt | VirtualInterruptPending | Identification;
}

/// <summary>Exception vectors. Intel SDM Vol. 3A, "Protected-Mode Exceptions and Interrupts".</summary>
internal enum Vector : byte
{
    DivideError = 0,
    Debug = 1,
    Nmi = 2,
    Breakpoint = 3,
    Overflow = 4,
    BoundRange = 5,
    InvalidOpcode = 6,
    DeviceNotAvailable = 7,
    DoubleFault = 8,
    InvalidTss = 10,
    SegmentNotPresent = 11,
    StackFault = 12,
    GeneralProtection = 13,
    PageFault = 14,
    FloatingPointError = 16,
    AlignmentCheck = 17,
    MachineCheck = 18,
    SimdFloatingPoint = 19,
}

/// <summary>Bits of DR6. Intel SDM Vol. 3B, "Debug Status Register (DR6)".</summary>
internal static class DebugStatus
{
    /// <summary>BD: a debug register was accessed with DR7.GD set.</summary>
    public const ulong GeneralDetect = 1 << 13;

    /// <summary>BS: a single-step trap.</summary>
    public const ulong SingleStep = 1 << 14;

    /// <summary>BT: the T bit of the new task's TSS.</summary>
    public const ulong TaskSwitch = 1 << 15;
}

/// <summary>Bits of DR7 outside the enables and fields of the four breakpoints. Intel SDM Vol. 3B, "Debug Control Register (DR7)".</summary>
internal static class DebugControl
{
    /// <summary>GD: an access to a debug register raises #DB.</summary>
    public const ulong GeneralDetect = 1 << 13;
}
