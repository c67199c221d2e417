namespace KvmSharp.Cli.Tests;

public class ExitExplanationTests
{
    [Theory]
    [InlineData("mov dx,3FBh; mov al,83h; out dx,al", "COM1 (16550 UART), LCR, line control", "DLAB (bit 7)", "length less 5 (bits 1-0) = 3h")]
    [InlineData("mov dx,3FDh; in al,dx", "COM1 (16550 UART), LSR, line status", "transmitter idle (bit 6)", "THR empty (bit 5)")]
    [InlineData("mov al,20h; out 20h,al", "master interrupt controller (8259A)", "EOI (bit 5)", "KVM_EXIT_IO (2)")]
    [InlineData("mov al,34h; out 43h,al", "interval timer (8254), control word", "access (bits 5-4) = 3h", "mode (bits 3-1) = 2h")]
    [InlineData("in al,60h", "keyboard controller (8042), data", "IN at port 60h", "basic exit reason 30 (I/O instruction)")]
    [InlineData("mov dx,0CF8h; mov eax,80000810h; out dx,eax", "PCI configuration, address", "device (bits 15-11) = 1h", "enable (bit 31)")]
    [InlineData("in al,0E0h", "port E0h: no device is there", "IN", "KVM_EXIT_IO (2)")]
    public void Explain_Port_NamesRegisterAndBits(string code, params string[] parts) =>
        TracedGuest.Code(code + "; cli; hlt").Explain(r => r.Kind == "port").Should().ContainAll(parts);

    [Fact]
    public void Explain_TextScreen_NamesRowAndColumn() =>
        TracedGuest.Code("mov ax,0B800h; mov ds,ax; mov byte [162],41h; cli; hlt").Explain(r => r.Kind == "mmio").Should()
            .Contain("VGA text memory: row 1, column 1 of an 80-column screen, the character").And.Contain("KVM_EXIT_MMIO (6)").And.Contain("48 (EPT violation");

    [Fact]
    public void Explain_Halt_SaysWhatCouldWakeIt()
    {
        TracedGuest guest = TracedGuest.Code("cli; hlt");
        guest.Explain(r => r.Kind == "halt").Should().Contain("IF is 0: only an NMI or a reset").And.Contain("basic exit reason 12 (HLT)");
        guest.Explain(r => r.Kind == "exit").Should().Contain("a halt that nothing can end").And.Contain("KVM_EXIT_HLT (5)");
    }

    [Fact]
    public void Explain_PowerOff_ShowsTheAccessThatAskedForIt() =>
        TracedGuest.Code("mov dx,604h; mov ax,2000h; out dx,ax; hlt").Explain(r => r.Kind == "exit").Should()
            .Contain("system event: Shutdown").And.Contain("KVM_EXIT_SYSTEM_EVENT (24)").And.MatchRegex(@"event \d+: A write of 2 bytes \(2000h\) at port 604h");

    [Fact]
    public void Explain_Hypercall_NamesIt() =>
        TracedGuest.Code("mov ax,7; db 0Fh,1,0C1h; cli; hlt").Explain(r => r.Kind == "hypercall").Should().Contain("hypercall 7h").And.Contain("KVM_EXIT_HYPERCALL (3)").And.Contain("18 (VMCALL)");

    [Fact]
    public void Explain_WatchedMemory_NamesTheAccess() =>
        TracedGuest.Code("mov byte [9004h],5Ah; cli; hlt").Explain(r => r.Kind == "memory").Should().Contain("A write of 1 byte (5Ah) at 9004h.");

    [Fact]
    public void Explain_NoMemory_SaysSo() =>
        TracedGuest.Code("jmp 0A000h:0").Explain(r => r.Reason == "InternalError").Should().Contain("The guest executes an address without memory.");

    [Fact]
    public void Explain_EveryEventOfAGuest_HasATitleAndHardware()
    {
        TracedGuest guest = TracedGuest.Named("ticks");
        foreach (TraceRecord record in guest.Records)
        {
            guest.Explain(r => r.Seq == record.Seq).Should().StartWith($"Event {record.Seq}: ").And.Contain("On real hardware").And.Contain("What to look at next");
        }
    }
}
