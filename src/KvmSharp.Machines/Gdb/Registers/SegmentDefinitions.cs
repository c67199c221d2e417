namespace KvmSharp.Machines.Gdb;

/// <summary>Selectors and segment bases.</summary>
/// <remarks>
/// In real and virtual-8086 mode a new selector takes its base along, as a load there does. In protected mode it would be a load through the
/// descriptor tables, with all that may go wrong: a debugger may set it only to what it is. Bases can be set in every mode.
/// </remarks>
internal static class SegmentDefinitions
{
    private const ulong ProtectionEnable = 1;
    private const ulong Virtual8086 = 1 << 17;

    private static readonly string[] Names = ["cs", "ss", "ds", "es", "fs", "gs"];

    /// <summary>CS to GS, in gdb's order.</summary>
    public static IEnumerable<RegisterDefinition> Selectors() => Names.Select(static name => new RegisterDefinition(
        name, 32, "int32", from => Get(from.Special, name).Selector, (to, value) => SetSelector(to, name, (ushort)value)));

    /// <summary>The bases of some segments.</summary>
    /// <param name="bits">The width of a linear address.</param>
    /// <param name="names">The segments.</param>
    public static IEnumerable<RegisterDefinition> Bases(int bits, params string[] names) => names.Select(name => new RegisterDefinition(
        $"{name}_base",
        bits,
        bits == 32 ? "int32" : "int64",
        from => Get(from.Special, name).Base,
        (to, value) => to.Special = With(to.Special, name, Get(to.Special, name) with { Base = (ulong)value })));

    private static void SetSelector(RegisterSnapshot to, string name, ushort selector)
    {
        SegmentRegister segment = Get(to.Special, name);
        bool isReal = (to.Special.Cr0 & ProtectionEnable) == 0 || (to.General.Rflags & Virtual8086) != 0;
        if (selector == segment.Selector)
        {
            return;
        }

        if (!isReal)
        {
            throw new KvmException(Errno.Invalid, $"{name} is loaded through the descriptor tables in this mode, which a debugger does not do");
        }

        to.Special = With(to.Special, name, segment with { Selector = selector, Base = (ulong)selector << 4 });
    }

    private static SegmentRegister Get(in SpecialRegisters from, string name) => name switch
    {
        "cs" => from.Cs,
        "ss" => from.Ss,
        "ds" => from.Ds,
        "es" => from.Es,
        "fs" => from.Fs,
        _ => from.Gs,
    };

    private static SpecialRegisters With(in SpecialRegisters to, string name, in SegmentRegister segment) => name switch
    {
        "cs" => to with { Cs = segment },
        "ss" => to with { Ss = segment },
        "ds" => to with { Ds = segment },
        "es" => to with { Es = segment },
        "fs" => to with { Fs = segment },
        _ => to with { Gs = segment },
    };
}
