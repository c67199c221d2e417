namespace KvmSharp.Machines.Gdb;

/// <summary>Control registers, which gdb has no feature of its own for: it shows them as it is told.</summary>
internal static class SystemDefinitions
{
    /// <summary>Control registers of the legacy modes.</summary>
    public static IEnumerable<RegisterDefinition> For32() =>
    [
        Control("cr0", 32, static s => s.Cr0, static (s, v) => s with { Cr0 = v }),
        Control("cr2", 32, static s => s.Cr2, static (s, v) => s with { Cr2 = v }),
        Control("cr3", 32, static s => s.Cr3, static (s, v) => s with { Cr3 = v }),
        Control("cr4", 32, static s => s.Cr4, static (s, v) => s with { Cr4 = v }),
    ];

    /// <summary>Control registers of long mode, EFER among them.</summary>
    public static IEnumerable<RegisterDefinition> For64() =>
    [
        Control("cr0", 64, static s => s.Cr0, static (s, v) => s with { Cr0 = v }),
        Control("cr2", 64, static s => s.Cr2, static (s, v) => s with { Cr2 = v }),
        Control("cr3", 64, static s => s.Cr3, static (s, v) => s with { Cr3 = v }),
        Control("cr4", 64, static s => s.Cr4, static (s, v) => s with { Cr4 = v }),
        Control("cr8", 64, static s => s.Cr8, static (s, v) => s with { Cr8 = v }),
        Control("efer", 64, static s => s.Efer, static (s, v) => s with { Efer = v }),
        new("k_gs_base", 64, "int64", static from => from.KernelGsBase, static (to, value) => to.KernelGsBase = (ulong)value) { Group = "system" },
    ];

    private static RegisterDefinition Control(string name, int bits, Func<SpecialRegisters, ulong> get, Func<SpecialRegisters, ulong, SpecialRegisters> with) => new(
        name, bits, bits == 32 ? "int32" : "int64", from => get(from.Special), (to, value) => to.Special = with(to.Special, (ulong)value))
    {
        Group = "system",
    };
}
