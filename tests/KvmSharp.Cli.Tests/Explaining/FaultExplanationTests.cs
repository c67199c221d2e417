namespace KvmSharp.Cli.Tests;

/// <summary>Every fault of the guests that make them on purpose is explained by its true cause.</summary>
public class FaultExplanationTests
{
    private static readonly Lazy<TracedGuest> Faults = new(() => TracedGuest.Named("faults"));
    private static readonly Lazy<TracedGuest> Ring3 = new(() => TracedGuest.Named("ring3"));

    [Theory]
    [InlineData(0x1001A0, "#DE (divide error)", "F7F1  div ecx", "The divisor is 0.")]
    [InlineData(0x1001D5, "#DE (divide error)", "idiv ecx", "The divisor is FFFFFFFFh, and the quotient does not fit its register.")]
    [InlineData(0x1002E3, "#UD (invalid opcode)", "ud2", "The instruction is there to raise #UD")]
    [InlineData(0x100349, "#NM (device not available)", "fninit", "CR0.EM is set")]
    [InlineData(0x10037C, "#NP (segment not present)", "18h: entry 3 of the GDT", "P is 0: the segment or gate is not present.")]
    [InlineData(0x1003E2, "#GP (general protection)", "GDT entry 10 (selector 50h)", "The table's limit is 4Fh.")]
    [InlineData(0x100415, "#GP (general protection)", "readable code, P=1 DPL=0", "It is readable code; SS takes writable data.")]
    [InlineData(0x100445, "#GP (general protection)", "mov ss,eax", "A null selector may not be loaded there.")]
    [InlineData(0x100473, "#GP (general protection)", "202h: entry 64 of the IDT (IDT = 1)", "lies beyond the limit of the table.")]
    [InlineData(0x1004A6, "#GP (general protection)", "busy 32-bit TSS", "The TSS is busy already; LTR takes an available one.")]
    [InlineData(0x1004D5, "#GP (general protection)", "jmp 0010h:0", "a far jump or call takes code, a call gate, a task gate or a TSS.")]
    [InlineData(0x100542, "#PF (page fault)", "0h: a read (W/R = 0) by the supervisor", "=> refused by the PD entry at 10100Ch: P is 0")]
    [InlineData(0x10057B, "#PF (page fault)", "2h: a write (W/R = 1) by the supervisor", "PD   [   3] at 0010100Ch = 00000000h  all 0: not present")]
    [InlineData(0xC0FFEE, "#PF (page fault)", "It cannot be read", "a fetch by the supervisor")]
    public void Explain_GuestFaults_NamesTheCause(int rip, string title, string what, string why) =>
        Faults.Value.Explain(r => r.Kind == "fault" && r.Rip == (ulong)rip).Should().Contain(title).And.Contain(what).And.Contain(why).And.Contain("VT-x: ");

    [Theory]
    [InlineData("cli", "CLI at CPL 3 above IOPL 0.")]
    [InlineData("hlt", "HLT is privileged: it needs CPL 0, and CPL is 3.")]
    [InlineData("in al,60h", "the I/O permission bitmap of the TSS does not allow it")]
    [InlineData("mov eax,cr0", "MOV is privileged")]
    [InlineData("int 30h", "DPL = 0 is less than CPL = 3")]
    [InlineData("mov ds,ecx", "DPL = 0 is less than the greater of CPL = 3 and RPL = 0: the segment is too privileged.")]
    public void Explain_GuestRing3_NamesTheRule(string instruction, string why) =>
        Ring3.Value.Explain(r => r.Kind == "fault" && r.Text == instruction).Should().Contain(why).And.Contain("CPL 3");

    [Fact]
    public void Explain_DoubleFault_TellsWhatLedToIt() =>
        Faults.Value.Explain(r => r.Vector == 8).Should().MatchRegex(@"On the way\n  event \d+: #GP \(general protection\), error code 50h, at 0008:00100633\n");

    [Fact]
    public void Explain_TripleFault_TellsTheWholeWay() => TracedGuest.Named("triple").Explain(r => r.Reason == "Shutdown").Should()
        .MatchRegex(@"#BP \(breakpoint\).*\n.*#GP \(general protection\), error code 1Ah.*\n.*#DF \(double fault\)")
        .And.Contain("IDT entry 8 (vector 8h) at linear 40h lies beyond the limit of the table.")
        .And.Contain("KVM_EXIT_SHUTDOWN (8)").And.Contain("basic exit reason 2 (triple fault)");

    [Fact]
    public void Explain_SegmentLimit_NamesSegmentAndLimit() =>
        TracedGuest.Code("mov bx,0FFFFh; mov ax,[bx]; hlt").Explain(r => r.Vector == 13).Should()
            .Contain("The operand at offset FFFFh (2 bytes) of DS lies beyond the segment's limit FFFFh.").And.Contain("real mode");
}
