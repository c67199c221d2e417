using System.Globalization;

namespace KvmSharp.Cli;

/// <summary>Prints a vCPU's registers as text.</summary>
internal static class RegisterTable
{
    // Bit numbers in EFLAGS (Intel SDM Vol. 1, "EFLAGS Register").
    private static readonly (int Bit, string Name)[] Flags =
        [(11, "OF"), (10, "DF"), (9, "IF"), (8, "TF"), (7, "SF"), (6, "ZF"), (4, "AF"), (2, "PF"), (0, "CF")];

    public static void Print(VirtualCpu vcpu, TextWriter writer)
    {
        GeneralRegisters r = vcpu.GetRegisters();
        SpecialRegisters s = vcpu.GetSpecialRegisters();
        string set = string.Join(' ', Flags.Where(f => (r.Rflags >> f.Bit & 1) != 0).Select(f => f.Name));
        Line(writer, ("EAX", r.Rax), ("EBX", r.Rbx), ("ECX", r.Rcx), ("EDX", r.Rdx));
        Line(writer, ("ESI", r.Rsi), ("EDI", r.Rdi), ("EBP", r.Rbp), ("ESP", r.Rsp));
        writer.WriteLine(string.Create(CultureInfo.InvariantCulture, $"EIP={r.Rip:X8} EFL={r.Rflags:X8} [{set}]"));
        writer.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"CS={s.Cs.Selector:X4} SS={s.Ss.Selector:X4} DS={s.Ds.Selector:X4} ES={s.Es.Selector:X4} FS={s.Fs.Selector:X4} GS={s.Gs.Selector:X4}"));
        Line(writer, ("CR0", s.Cr0), ("CR2", s.Cr2), ("CR3", s.Cr3), ("CR4", s.Cr4));
        writer.Flush();
    }

    private static void Line(TextWriter writer, params (string Name, ulong Value)[] registers) =>
        writer.WriteLine(string.Join(' ', registers.Select(r => string.Create(CultureInfo.InvariantCulture, $"{r.Name}={r.Value:X8}"))));
}
