namespace KvmSharp.Machines.Gdb;

/// <summary>The mode of a processor in words. Intel SDM Vol. 3A, "Modes of Operation".</summary>
internal static class ProcessorMode
{
    private const ulong ProtectionEnable = 1;
    private const ulong Paging = 1UL << 31;
    private const ulong PhysicalAddressExtension = 1 << 5;
    private const ulong LongModeActive = 1 << 10;
    private const ulong Virtual8086 = 1 << 17;

    /// <summary>Names the mode.</summary>
    public static string Describe(VirtualCpu vcpu)
    {
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        return (special.Cr0 & ProtectionEnable) == 0 ? "real mode"
            : (vcpu.GetRegisters().Rflags & Virtual8086) != 0 ? "virtual-8086 mode"
            : (special.Efer & LongModeActive) == 0 ? $"{(special.Cs.DefaultBig ? 32 : 16)}-bit protected mode"
            : special.Cs.LongMode ? "64-bit mode"
            : $"compatibility mode, {(special.Cs.DefaultBig ? 32 : 16)} bits";
    }

    /// <summary>Names how linear addresses are translated.</summary>
    public static string DescribePaging(in SpecialRegisters special) => (special.Cr0 & Paging) == 0 ? "no paging"
        : (special.Efer & LongModeActive) != 0 ? "4-level paging"
        : (special.Cr4 & PhysicalAddressExtension) != 0 ? "PAE paging"
        : "32-bit paging";
}
