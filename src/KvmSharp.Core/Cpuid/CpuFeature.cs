namespace KvmSharp.Cpuid;

/// <summary>Feature bits by where CPUID tells of them: a <see cref="FeatureWord"/> and the bit in it. Intel SDM Vol. 2A, "CPUID".</summary>
internal enum CpuFeature
{
    Fpu = FeatureWord.Basic,
    Virtual8086Extensions = FeatureWord.Basic + 1,
    DebuggingExtensions = FeatureWord.Basic + 2,
    PageSizeExtensions = FeatureWord.Basic + 3,
    TimeStampCounter = FeatureWord.Basic + 4,
    ModelSpecificRegisters = FeatureWord.Basic + 5,
    PhysicalAddressExtension = FeatureWord.Basic + 6,
    MachineCheckException = FeatureWord.Basic + 7,
    CompareExchange8Bytes = FeatureWord.Basic + 8,
    Apic = FeatureWord.Basic + 9,
    SysenterSysexit = FeatureWord.Basic + 11,
    MemoryTypeRanges = FeatureWord.Basic + 12,
    PageGlobalEnable = FeatureWord.Basic + 13,
    MachineCheckArchitecture = FeatureWord.Basic + 14,
    ConditionalMove = FeatureWord.Basic + 15,
    PageAttributeTable = FeatureWord.Basic + 16,
    PageSizeExtension36 = FeatureWord.Basic + 17,
    CacheLineFlush = FeatureWord.Basic + 19,
    Mmx = FeatureWord.Basic + 23,
    FxsaveFxrstor = FeatureWord.Basic + 24,
    Sse = FeatureWord.Basic + 25,
    Sse2 = FeatureWord.Basic + 26,

    Sse3 = FeatureWord.Extension,
    CarrylessMultiply = FeatureWord.Extension + 1,
    MonitorMwait = FeatureWord.Extension + 3,
    Ssse3 = FeatureWord.Extension + 9,
    CompareExchange16Bytes = FeatureWord.Extension + 13,
    Sse41 = FeatureWord.Extension + 19,
    Sse42 = FeatureWord.Extension + 20,
    X2Apic = FeatureWord.Extension + 21,
    Movbe = FeatureWord.Extension + 22,
    Popcnt = FeatureWord.Extension + 23,
    TscDeadline = FeatureWord.Extension + 24,
    Aes = FeatureWord.Extension + 25,
    Xsave = FeatureWord.Extension + 26,

    /// <summary>The processor is virtual: leaves from 40000000h on tell of the hypervisor.</summary>
    Hypervisor = FeatureWord.Extension + 31,

    FsGsBase = FeatureWord.Structured,
    TimeStampAdjust = FeatureWord.Structured + 1,
    Bmi1 = FeatureWord.Structured + 3,
    SupervisorExecutionPrevention = FeatureWord.Structured + 7,
    EnhancedRepMovsb = FeatureWord.Structured + 9,
    Adx = FeatureWord.Structured + 19,
    SupervisorAccessPrevention = FeatureWord.Structured + 20,

    UserModeInstructionPrevention = FeatureWord.StructuredMore + 2,

    FastShortRepMov = FeatureWord.StructuredMost + 4,
    IndirectBranchControl = FeatureWord.StructuredMost + 26,
    ArchitecturalCapabilities = FeatureWord.StructuredMost + 29,

    SyscallSysret = FeatureWord.Extended + 11,
    ExecuteDisable = FeatureWord.Extended + 20,
    GigabytePages = FeatureWord.Extended + 26,
    Rdtscp = FeatureWord.Extended + 27,
    LongMode = FeatureWord.Extended + 29,

    LahfInLongMode = FeatureWord.ExtendedMore,
    Lzcnt = FeatureWord.ExtendedMore + 5,
}

/// <summary>The output registers of CPUID that hold feature bits, 32 numbers each.</summary>
internal enum FeatureWord
{
    /// <summary>Leaf 1, EDX.</summary>
    Basic = 0 * 32,

    /// <summary>Leaf 1, ECX.</summary>
    Extension = 1 * 32,

    /// <summary>Leaf 7, subleaf 0, EBX.</summary>
    Structured = 2 * 32,

    /// <summary>Leaf 7, subleaf 0, ECX.</summary>
    StructuredMore = 3 * 32,

    /// <summary>Leaf 80000001h, EDX.</summary>
    Extended = 4 * 32,

    /// <summary>Leaf 80000001h, ECX.</summary>
    ExtendedMore = 5 * 32,

    /// <summary>Leaf 7, subleaf 0, EDX.</summary>
    StructuredMost = 6 * 32,
}
