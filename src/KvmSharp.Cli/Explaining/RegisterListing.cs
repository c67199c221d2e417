using System.Globalization;

namespace KvmSharp.Cli;

/// <summary>All registers of a vCPU as text, hidden parts of the segment registers too.</summary>
internal static class RegisterListing
{
    private static readonly (int Bit, string Name)[] FlagNames =
    [
        (21, "ID"), (20, "VIP"), (19, "VIF"), (18, "AC"), (17, "VM"), (16, "RF"), (14, "NT"), (11, "OF"), (10, "DF"), (9, "IF"), (8, "TF"), (7, "SF"),
        (6, "ZF"), (4, "AF"), (2, "PF"), (0, "CF"),
    ];

    private static readonly (int Bit, string Name)[] Cr0Names =
        [(31, "PG"), (30, "CD"), (29, "NW"), (18, "AM"), (16, "WP"), (5, "NE"), (4, "ET"), (3, "TS"), (2, "EM"), (1, "MP"), (0, "PE")];

    private static readonly (int Bit, string Name)[] Cr4Names =
    [
        (21, "SMAP"), (20, "SMEP"), (18, "OSXSAVE"), (16, "FSGSBASE"), (11, "UMIP"), (10, "OSXMMEXCPT"), (9, "OSFXSR"), (8, "PCE"), (7, "PGE"), (6, "MCE"),
        (5, "PAE"), (4, "PSE"), (3, "DE"), (2, "TSD"), (1, "PVI"), (0, "VME"),
    ];

    private static readonly (int Bit, string Name)[] EferNames = [(11, "NXE"), (10, "LMA"), (8, "LME"), (0, "SCE")];

    /// <summary>The lines.</summary>
    public static IEnumerable<string> Lines(VcpuView view)
    {
        GeneralRegisters r = view.General;
        SpecialRegisters s = view.Special;
        string width = view.IsLong ? "X16" : "X8";
        string Value(ulong value) => value.ToString(width, CultureInfo.InvariantCulture);
        string prefix = view.IsLong ? "R" : "E";

        yield return $"{view.ModeName}, CPL {view.Cpl}{(view.Halted ? ", halted" : string.Empty)}";
        yield return $"{prefix}AX={Value(r.Rax)} {prefix}BX={Value(r.Rbx)} {prefix}CX={Value(r.Rcx)} {prefix}DX={Value(r.Rdx)}";
        yield return $"{prefix}SI={Value(r.Rsi)} {prefix}DI={Value(r.Rdi)} {prefix}BP={Value(r.Rbp)} {prefix}SP={Value(r.Rsp)}";
        if (view.IsLong)
        {
            yield return $"R8 ={Value(r.R8)} R9 ={Value(r.R9)} R10={Value(r.R10)} R11={Value(r.R11)}";
            yield return $"R12={Value(r.R12)} R13={Value(r.R13)} R14={Value(r.R14)} R15={Value(r.R15)}";
        }

        yield return $"{prefix}IP={Value(r.Rip)} {prefix}FL={Value(r.Rflags)} [{Bits(r.Rflags, FlagNames)}] IOPL={r.Rflags >> ControlBits.IoplShift & 3}";
        (string Name, SegmentRegister Segment)[] segments =
            [("CS", s.Cs), ("SS", s.Ss), ("DS", s.Ds), ("ES", s.Es), ("FS", s.Fs), ("GS", s.Gs), ("LDT", s.Ldt), ("TR", s.Tr)];
        foreach ((string name, SegmentRegister segment) in segments)
        {
            yield return $"{name,-3}={segment.Selector:X4} base={Value(segment.Base)} limit={segment.Limit:X8} {Rights(segment)}";
        }

        yield return $"GDT base={Value(s.Gdt.Base)} limit={s.Gdt.Limit:X4}    IDT base={Value(s.Idt.Base)} limit={s.Idt.Limit:X4}";
        yield return $"CR0={Value(s.Cr0)} [{Bits(s.Cr0, Cr0Names)}]";
        yield return $"CR2={Value(s.Cr2)} CR3={Value(s.Cr3)} CR8={s.Cr8:X}";
        yield return $"CR4={Value(s.Cr4)} [{Bits(s.Cr4, Cr4Names)}]";
        yield return $"EFER={s.Efer:X} [{Bits(s.Efer, EferNames)}] APIC_BASE={s.ApicBase:X}";
    }

    private static string Bits(ulong value, (int Bit, string Name)[] names) =>
        string.Join(' ', names.Where(n => (value >> n.Bit & 1) != 0).Select(n => n.Name));

    private static string Rights(SegmentRegister segment)
    {
        if (segment.Unusable)
        {
            return "unusable";
        }

        string kind = !segment.CodeOrData ? $"system type {segment.Type}"
            : (segment.Type & 8) != 0 ? $"code{((segment.Type & 2) != 0 ? " readable" : string.Empty)}{((segment.Type & 4) != 0 ? " conforming" : string.Empty)}"
            : $"data{((segment.Type & 2) != 0 ? " writable" : string.Empty)}{((segment.Type & 4) != 0 ? " expand-down" : string.Empty)}";
        return $"{kind} DPL={segment.Dpl}{(segment.LongMode ? " L" : segment.DefaultBig ? " D/B" : string.Empty)}{(segment.Present ? string.Empty : " not present")}";
    }
}
