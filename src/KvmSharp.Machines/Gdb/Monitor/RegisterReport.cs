using System.Globalization;
using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary><c>monitor regs</c>: what gdb has no place for, beside what it has.</summary>
internal static class RegisterReport
{
    /// <summary>Writes the registers of a processor.</summary>
    public static string Write(VirtualCpu vcpu)
    {
        GeneralRegisters r = vcpu.GetRegisters();
        SpecialRegisters s = vcpu.GetSpecialRegisters();
        DebugRegisters d = vcpu.GetDebugRegisters();
        VcpuEvents e = vcpu.GetEvents();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"processor {vcpu.Id}: {ProcessorMode.Describe(vcpu)}, {ProcessorMode.DescribePaging(s)}, CPL {s.Ss.Dpl}, {vcpu.MpState}\n");
        text.Append(CultureInfo.InvariantCulture, $"rax {r.Rax:x16}  rbx {r.Rbx:x16}  rcx {r.Rcx:x16}  rdx {r.Rdx:x16}\n");
        text.Append(CultureInfo.InvariantCulture, $"rsi {r.Rsi:x16}  rdi {r.Rdi:x16}  rbp {r.Rbp:x16}  rsp {r.Rsp:x16}\n");
        text.Append(CultureInfo.InvariantCulture, $"r8  {r.R8:x16}  r9  {r.R9:x16}  r10 {r.R10:x16}  r11 {r.R11:x16}\n");
        text.Append(CultureInfo.InvariantCulture, $"r12 {r.R12:x16}  r13 {r.R13:x16}  r14 {r.R14:x16}  r15 {r.R15:x16}\n");
        text.Append(CultureInfo.InvariantCulture, $"rip {r.Rip:x16}  rflags {r.Rflags:x8}\n");
        Segment(text, "cs", s.Cs);
        Segment(text, "ss", s.Ss);
        Segment(text, "ds", s.Ds);
        Segment(text, "es", s.Es);
        Segment(text, "fs", s.Fs);
        Segment(text, "gs", s.Gs);
        Segment(text, "ldtr", s.Ldt);
        Segment(text, "tr", s.Tr);
        text.Append(CultureInfo.InvariantCulture, $"gdtr base {s.Gdt.Base:x16} limit {s.Gdt.Limit:x4}  idtr base {s.Idt.Base:x16} limit {s.Idt.Limit:x4}\n");
        text.Append(CultureInfo.InvariantCulture, $"cr0 {s.Cr0:x8}  cr2 {s.Cr2:x16}  cr3 {s.Cr3:x16}  cr4 {s.Cr4:x8}  cr8 {s.Cr8:x}  efer {s.Efer:x}\n");
        text.Append(CultureInfo.InvariantCulture, $"dr0 {d.Dr0:x}  dr1 {d.Dr1:x}  dr2 {d.Dr2:x}  dr3 {d.Dr3:x}  dr6 {d.Dr6:x8}  dr7 {d.Dr7:x8}\n");
        text.Append(CultureInfo.InvariantCulture, $"apic base {s.ApicBase:x}  shadows: sti {Yes(e.StiShadow)}, mov ss {Yes(e.MovSsShadow)}  nmi: pending {Yes(e.NmiPending)}, masked {Yes(e.NmiMasked)}\n");
        return text.ToString();
    }

    private static string Yes(bool value) => value ? "yes" : "no";

    private static void Segment(StringBuilder text, string name, in SegmentRegister segment)
    {
        text.Append(CultureInfo.InvariantCulture, $"{name,-4} {segment.Selector:x4}");
        if (segment.Unusable)
        {
            text.Append("  unusable\n");
            return;
        }

        string width = segment.LongMode ? " L" : segment.DefaultBig ? " D" : string.Empty;
        text.Append(
            CultureInfo.InvariantCulture,
            $"  base {segment.Base:x16} limit {segment.Limit:x8} type {segment.Type:x} dpl {segment.Dpl}{(segment.CodeOrData ? " S" : string.Empty)}{(segment.Present ? " P" : string.Empty)}{width}\n");
    }
}
