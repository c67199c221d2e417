using Iced.Intel;

namespace KvmSharp.Cpuid;

/// <summary>Iced's names of features, which it gives for each instruction, against the feature bits of CPUID.</summary>
internal static class InstructionFeatures
{
    /// <summary>Tells whether a feature needs no bit: it is older than CPUID, or its instructions answer for themselves.</summary>
    /// <param name="feature">Iced's name.</param>
    /// <returns>Whether every model has it.</returns>
    /// <remarks>
    /// Without an x87 unit ESC is no invalid opcode. PAUSE is NOP with a prefix. 64-bit forms are decoded in 64-bit mode only, and RSM
    /// raises #UD by itself, as all of VMX and SVM do but hypercalls, which the embedder turns on.
    /// </remarks>
    public static bool IsOfEveryModel(CpuidFeature feature) => feature is CpuidFeature.INTEL8086 or CpuidFeature.INTEL186
        or CpuidFeature.INTEL286 or CpuidFeature.INTEL386 or CpuidFeature.INTEL486 or CpuidFeature.CPUID or CpuidFeature.X64
        or CpuidFeature.PAUSE or CpuidFeature.FPU or CpuidFeature.FPU287 or CpuidFeature.FPU387 or CpuidFeature.SMM
        or CpuidFeature.VMX or CpuidFeature.SVM;

    /// <summary>Finds the CPUID bit of a feature.</summary>
    /// <param name="feature">Iced's name.</param>
    /// <returns>The bit, or null when no model offers the feature.</returns>
    public static CpuFeature? Find(CpuidFeature feature) => feature switch
    {
        CpuidFeature.TSC => CpuFeature.TimeStampCounter,
        CpuidFeature.MSR => CpuFeature.ModelSpecificRegisters,
        CpuidFeature.CX8 => CpuFeature.CompareExchange8Bytes,
        CpuidFeature.SEP => CpuFeature.SysenterSysexit,
        CpuidFeature.CMOV => CpuFeature.ConditionalMove,
        CpuidFeature.CLFSH => CpuFeature.CacheLineFlush,
        CpuidFeature.MMX => CpuFeature.Mmx,
        CpuidFeature.FXSR => CpuFeature.FxsaveFxrstor,
        CpuidFeature.SSE => CpuFeature.Sse,
        CpuidFeature.SSE2 => CpuFeature.Sse2,
        CpuidFeature.SSE3 => CpuFeature.Sse3,
        CpuidFeature.PCLMULQDQ => CpuFeature.CarrylessMultiply,
        CpuidFeature.MONITOR => CpuFeature.MonitorMwait,
        CpuidFeature.SSSE3 => CpuFeature.Ssse3,
        CpuidFeature.CMPXCHG16B => CpuFeature.CompareExchange16Bytes,
        CpuidFeature.SSE4_1 => CpuFeature.Sse41,
        CpuidFeature.SSE4_2 => CpuFeature.Sse42,
        CpuidFeature.MOVBE => CpuFeature.Movbe,
        CpuidFeature.POPCNT => CpuFeature.Popcnt,
        CpuidFeature.AES => CpuFeature.Aes,
        CpuidFeature.XSAVE => CpuFeature.Xsave,
        CpuidFeature.FSGSBASE => CpuFeature.FsGsBase,
        CpuidFeature.BMI1 => CpuFeature.Bmi1,
        CpuidFeature.ADX => CpuFeature.Adx,
        CpuidFeature.SMAP => CpuFeature.SupervisorAccessPrevention,
        CpuidFeature.SYSCALL => CpuFeature.SyscallSysret,
        CpuidFeature.RDTSCP => CpuFeature.Rdtscp,
        CpuidFeature.LZCNT => CpuFeature.Lzcnt,
        _ => null,
    };
}
