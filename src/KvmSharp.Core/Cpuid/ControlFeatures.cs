namespace KvmSharp.Cpuid;

/// <summary>The control bits that features bring. Intel SDM Vol. 3A, "CPUID Qualification of Control Register Flags".</summary>
internal static class ControlFeatures
{
    private static readonly (CpuFeature Feature, ulong Bits)[] InCr4 =
    [
        (CpuFeature.Virtual8086Extensions, Cpu.Cr4.Virtual8086Extensions | Cpu.Cr4.ProtectedVirtualInterrupts),
        (CpuFeature.TimeStampCounter, Cpu.Cr4.TimeStampDisable),
        (CpuFeature.DebuggingExtensions, Cpu.Cr4.DebuggingExtensions),
        (CpuFeature.PageSizeExtensions, Cpu.Cr4.PageSizeExtensions),
        (CpuFeature.PhysicalAddressExtension, Cpu.Cr4.PhysicalAddressExtension),
        (CpuFeature.MachineCheckException, Cpu.Cr4.MachineCheckEnable),
        (CpuFeature.PageGlobalEnable, Cpu.Cr4.PageGlobalEnable),
        (CpuFeature.FxsaveFxrstor, Cpu.Cr4.OsFxsr),
        (CpuFeature.Sse, Cpu.Cr4.OsXmmExceptions),
        (CpuFeature.UserModeInstructionPrevention, Cpu.Cr4.UserModeInstructionPrevention),
        (CpuFeature.FsGsBase, Cpu.Cr4.FsGsBase),
        (CpuFeature.Xsave, Cpu.Cr4.OsXsave),
        (CpuFeature.SupervisorExecutionPrevention, Cpu.Cr4.SupervisorExecutionPrevention),
        (CpuFeature.SupervisorAccessPrevention, Cpu.Cr4.SupervisorAccessPrevention),
    ];

    private static readonly (CpuFeature Feature, ulong Bits)[] InEfer =
    [
        (CpuFeature.SyscallSysret, Cpu.Efer.SystemCallEnable),
        (CpuFeature.LongMode, Cpu.Efer.LongModeEnable | Cpu.Efer.LongModeActive),
        (CpuFeature.ExecuteDisable, Cpu.Efer.ExecuteDisableEnable),
    ];

    public static ulong Cr4(FeatureSet features) => BitsOf(features, InCr4);

    public static ulong Efer(FeatureSet features) => BitsOf(features, InEfer);

    private static ulong BitsOf(FeatureSet features, (CpuFeature Feature, ulong Bits)[] table) =>
        table.Aggregate(0UL, (bits, row) => features.Has(row.Feature) ? bits | row.Bits : bits);
}
