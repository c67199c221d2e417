namespace KvmSharp.Cpuid;

/// <summary>The features that this core has. Models list what the real processors have; CPUID tells the part that is here.</summary>
/// <remarks>
/// Whoever completes a feature adds it here, and nothing else: templates, instruction gate and control bits follow. Of what the models
/// list, MONITOR is missing.
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
        CpuFeature.MachineCheckException, // none ever happens
        CpuFeature.CompareExchange8Bytes,
        CpuFeature.Apic, // told to the guest when the machine has local APICs
        CpuFeature.SysenterSysexit,
        CpuFeature.MemoryTypeRanges, // as the PAT
        CpuFeature.PageGlobalEnable,
        CpuFeature.MachineCheckArchitecture, // with no bank
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
        CpuFeature.X2Apic,
        CpuFeature.Movbe,
        CpuFeature.Popcnt,
        CpuFeature.TscDeadline,
        CpuFeature.Aes,
        CpuFeature.Xsave,
        CpuFeature.Hypervisor,
        CpuFeature.FsGsBase,
        CpuFeature.TimeStampAdjust,
        CpuFeature.Bmi1,
        CpuFeature.SupervisorExecutionPrevention,
        CpuFeature.EnhancedRepMovsb, // a repeated move goes a page at a time
        CpuFeature.Adx,
        CpuFeature.SupervisorAccessPrevention,
        CpuFeature.UserModeInstructionPrevention,
        CpuFeature.FastShortRepMov,
        CpuFeature.IndirectBranchControl, // nothing is predicted, so there is nothing to restrict
        CpuFeature.ArchitecturalCapabilities,
        CpuFeature.SyscallSysret,
        CpuFeature.ExecuteDisable,
        CpuFeature.GigabytePages,
        CpuFeature.Rdtscp,
        CpuFeature.LongMode,
        CpuFeature.LahfInLongMode,
        CpuFeature.Lzcnt);
}
