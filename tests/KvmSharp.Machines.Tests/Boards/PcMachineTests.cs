using System.Text;

namespace KvmSharp.Machines.Tests;

public class PcMachineTests
{
    private const ulong Budget = 1_000_000;

    // mov al,FEh; out 64h,al: the keyboard controller pulses the reset line
    private static readonly byte[] ResetByKeyboard = [0xB0, 0xFE, 0xE6, 0x64];

    [Fact]
    public void Run_PowerOffPort_StopsRightBehindTheInstruction()
    {
        // mov dx,604h; mov ax,2000h; out dx,ax; inc bx
        using PcMachine machine = Boot([0xBA, 0x04, 0x06, 0xB8, 0x00, 0x20, 0xEF, 0x43]);

        Run(machine).Reason.Should().Be(MachineStopReason.PowerOff);

        (machine.InstructionsRetired, machine.Vcpu.GetRegisters().Rbx).Should().Be((3, 0));
    }

    [Fact]
    public void Run_ResetByKeyboardController_BootsAgainWithPowerOnRegisters()
    {
        // inc bx; inc word [7E00h]; cmp word [7E00h],3; je done; mov al,FEh; out 64h,al; jmp $; done: cli; hlt
        byte[] code = [0x43, 0xFF, 0x06, 0x00, 0x7E, 0x83, 0x3E, 0x00, 0x7E, 0x03, 0x74, 0x06, .. ResetByKeyboard, 0xEB, 0xFE, 0xFA, 0xF4];
        using PcMachine machine = Boot(code);

        Run(machine).Reason.Should().Be(MachineStopReason.Halted);

        machine.Vcpu.GetRegisters().Rbx.Should().Be(1, "registers start anew, while memory keeps its counter");
    }

    [Fact]
    public void Run_ResetByPort92_IsAResetToo()
    {
        // mov al,1; out 92h,al; jmp $
        using PcMachine machine = Boot([0xB0, 0x01, 0xE6, 0x92, 0xEB, 0xFE], o => o with { NoReboot = true });
        Run(machine).Reason.Should().Be(MachineStopReason.Reset);
    }

    [Fact]
    public void Run_GuestOverwritesItself_ResetLoadsTheImageAgain()
    {
        // cmp byte [7E00h],0; jne done; inc byte [7E00h]; mov byte [done],F1h; mov al,FEh; out 64h,al; jmp $; done: cli; hlt
        byte[] code =
        [
            0x80, 0x3E, 0x00, 0x7E, 0x00, 0x75, 0x0F, 0xFE, 0x06, 0x00, 0x7E, 0xC6, 0x06, 0x16, 0x7C, 0xF1, .. ResetByKeyboard, 0xEB, 0xFE, 0xFA, 0xF4,
        ];
        using PcMachine machine = Boot(code);

        Run(machine).Reason.Should().Be(MachineStopReason.Halted);
    }

    [Fact]
    public void Run_A20ClosedByBothOutputs_WrapsAddresses()
    {
        // Closes A20 at the keyboard controller (D1h, DDh), while port 92h has it closed already; then FFFF:0510 is 0000:0500.
        byte[] code =
        [
            0xC6, 0x06, 0x00, 0x05, 0x5A,             // mov byte [500h],5Ah
            0xB0, 0xD1, 0xE6, 0x64, 0xB0, 0xDD, 0xE6, 0x60, // A20 off
            0xB8, 0xFF, 0xFF, 0x8E, 0xC0,             // mov ax,FFFFh; mov es,ax
            0x26, 0x8A, 0x1E, 0x10, 0x05,             // mov bl,es:[510h]
            0xB0, 0x02, 0xE6, 0x92,                   // port 92h opens it again
            0x26, 0x8A, 0x3E, 0x10, 0x05,             // mov bh,es:[510h]
            0xFA, 0xF4,
        ];
        using PcMachine machine = Boot(code);

        Run(machine);

        machine.Vcpu.GetRegisters().Rbx.Should().Be(0x005A);
    }

    [Fact]
    public void Run_BudgetThenAgain_GoesOnWhereItStood()
    {
        using PcMachine machine = Boot([0x43, 0xEB, 0xFD]); // inc bx; jmp $-1

        machine.Run(new MachineRunOptions { MaxInstructions = 10 }).Reason.Should().Be(MachineStopReason.Budget);
        machine.Run(new MachineRunOptions { MaxInstructions = 10 }).Reason.Should().Be(MachineStopReason.Budget);

        (machine.InstructionsRetired, machine.Vcpu.GetRegisters().Rbx).Should().Be((20, 10));
    }

    [Fact]
    public void Run_Cancelled_StopsASpinningGuest()
    {
        using PcMachine machine = Boot([0xFA, 0xEB, 0xFE]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();

        machine.Run(new MachineRunOptions { Cancellation = cancelled.Token }).Reason.Should().Be(MachineStopReason.Cancelled);
    }

    [Fact]
    public void Run_StringOutput_ReachesTheSerialHostInOneExit()
    {
        // mov si,7C0Ch; mov cx,3; mov dx,3F8h; rep outsb; hlt; "abc"
        var serial = new SerialBuffer();
        using PcMachine machine = Boot([0xBE, 0x0C, 0x7C, 0xB9, 0x03, 0x00, 0xBA, 0xF8, 0x03, 0xF3, 0x6E, 0xF4, .. "abc"u8], o => o with { Serial = serial });

        Run(machine);

        Encoding.ASCII.GetString(serial.Output()).Should().Be("abc");
    }

    [Fact]
    public void Run_DebugExitWithoutOption_IsAnUnmappedPort()
    {
        using PcMachine machine = Boot([0xE6, 0xF4, 0xF4], o => o with { StopOnUnmapped = true }); // out F4h,al
        Run(machine).Should().BeEquivalentTo(new { Reason = MachineStopReason.UnmappedAccess, Unmapped = new { Address = 0xF4UL } });
    }

    [Fact]
    public void Boot_Sector_HasTheDriveInDlAndAStackBelowIt()
    {
        using PcMachine machine = Boot([0xF4]);
        GeneralRegisters r = machine.Vcpu.GetRegisters();
        (r.Rip, r.Rdx, r.Rsp, machine.Vcpu.GetSpecialRegisters().Cs.Selector).Should().Be((0x7C00, 0x80, 0x7C00, 0));
    }

    [Fact]
    public void Boot_Multiboot_HasMagicAndInformation()
    {
        using var machine = new PcMachine(new PcOptions { Boot = new BootSource { Image = new ImageFile("k", new MultibootBuilder().Build()) }, MemoryBytes = 2 << 20 });
        GeneralRegisters r = machine.Vcpu.GetRegisters();
        SpecialRegisters s = machine.Vcpu.GetSpecialRegisters();

        (r.Rax, r.Rbx, r.Rip).Should().Be((0x2BADB002, 0x10_1000, MultibootBuilder.LoadAddress + 48));
        (s.Cr0 & 0x8000_0001).Should().Be(1, "protected mode is on and paging is off");
    }

    [Fact]
    public void Boot_ModulesForABootSector_IsRefused()
    {
        Func<PcMachine> boot = () => new PcMachine(new PcOptions { Boot = new BootSource { Image = new ImageFile("f", new byte[] { 0xF4 }), Modules = [new ImageFile("m", new byte[1])] } });
        boot.Should().Throw<ImageException>().WithMessage("*multiboot*");
    }

    private static PcMachine Boot(byte[] code, Func<PcOptions, PcOptions>? change = null)
    {
        var options = new PcOptions { Boot = new BootSource { Image = new ImageFile("test", code), Format = ImageFormat.Flat }, MemoryBytes = 2 << 20, Deterministic = true };
        return new PcMachine(change?.Invoke(options) ?? options);
    }

    private static MachineStop Run(PcMachine machine) => machine.Run(new MachineRunOptions { MaxInstructions = Budget });
}
