namespace KvmSharp.Cpuid;

/// <summary>The features that this core has. Models list what the real processors have; CPUID tells the part that is here.</summary>
/// <remarks>
/// Whoever completes a feature adds it here, and nothing else: templates, instruction gate and control bits follow. Of what the models
/// list, machine checks, memory type ranges and MONITOR are missing.
/// </remarks>
internal static class ImplementedFeatures
{
    public static FeatureSet All { get; } = new(
        CpuFeature.Fpu,
        CpuFeature.Virtual8086Extensions,
        CpuFeature.DebuggingExtensions,
        CpuFeature.PageSizeExtensions,
        CpuFeature.TimeStampCounter,
        CpuFeature.ModelSpecificRegisters,
        CpuFeature.PhysicalAddressExtension,
        CpuFeature.CompareExchange8Bytes,
        CpuFeature.SysenterSysexit,
        CpuFeature.PageGlobalEnable,
        CpuFeature.ConditionalMove,
        CpuFeature.PageAttributeTable, // kept and without effect: there is no cache
        CpuFeature.PageSizeExtension36,
        CpuFeature.CacheLineFlush,
        CpuFeature.Mmx,
        CpuFeature.FxsaveFxrstor,
        CpuFeature.Sse,
        CpuFeature.Sse2,
        CpuFeature.Sse3,
        CpuFeature.CarrylessMultiply,
        CpuFeature.Ssse3,
        CpuFeature.CompareExchange16Bytes,
        CpuFeature.Sse41,
        CpuFeature.Sse42,
        CpuFeature.Movbe,
        CpuFeature.Popcnt,
        CpuFeature.Aes,
        CpuFeature.Xsave,
        CpuFeature.FsGsBase,
        CpuFeature.Bmi1,
        CpuFeature.SupervisorExecutionPrevention,
        CpuFeature.Adx,
        CpuFeature.SupervisorAccessPrevention,
        CpuFeature.UserModeInstructionPrevention,
        CpuFeature.SyscallSysret,
        CpuFeature.ExecuteDisable,
        CpuFeature.GigabytePages,
        CpuFeature.Rdtscp,
        CpuFeature.LongMode,
        CpuFeature.LahfInLongMode,
        CpuFeature.Lzcnt);
}
