namespace KvmSharp.Machines.Tests;

/// <summary>What a guest finds of the chipset in a machine that boots without firmware.</summary>
public class PciSetupTests
{
    [Fact]
    public void Boot_WithoutFirmware_FindsInterruptsRouted()
    {
        // address 80000860h; in eax,CFCh; mov ebx,eax; in ax,4D0h; mov cx,ax; cli; hlt
        using PcMachine machine = Boot(
        [
            0x66, 0xB8, 0x60, 0x08, 0x00, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, 0xBA, 0xFC, 0x0C, 0x66, 0xED, 0x66, 0x89, 0xC3,
            0xBA, 0xD0, 0x04, 0xED, 0x89, 0xC1, 0xFA, 0xF4,
        ]);

        Run(machine);

        GeneralRegisters registers = machine.Vcpu.GetRegisters();
        (registers.Rbx, registers.Rcx).Should().Be((0x0B0B_0A0A, 0x0E00), "PIRQs go to 10 and 11; these and the SCI's line 9 are level-triggered");
    }

    [Fact]
    public void Guest_LaysAcpiPortsOverConfigurationPorts_BothKeepWorking()
    {
        // PMBA = CC0h, so that its 64 ports end with the eight of PCI configuration: CF8h still answers, and CC4h powers off.
        using PcMachine machine = Boot(
        [
            0x66, 0xB8, 0x40, 0x0B, 0x00, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, // mov eax,80000B40h; mov dx,CF8h; out dx,eax
            0xBA, 0xFC, 0x0C, 0x66, 0xB8, 0xC0, 0x0C, 0x00, 0x00, 0x66, 0xEF, // mov dx,CFCh; mov eax,CC0h; out dx,eax
            0xBA, 0xF8, 0x0C, 0x66, 0xED, 0x66, 0x89, 0xC3,                   // mov dx,CF8h; in eax,dx; mov ebx,eax
            0xBA, 0xC4, 0x0C, 0xB8, 0x00, 0x20, 0xEF,                         // mov dx,CC4h; mov ax,2000h; out dx,ax
        ]);

        Run(machine).Reason.Should().Be(MachineStopReason.PowerOff);

        machine.Vcpu.GetRegisters().Rbx.Should().Be(0x8000_0B40);
    }

    [Theory]
    [InlineData(0xC0, 0x5A)]
    [InlineData(0xEF, 0x5A)]
    [InlineData(0xF1, 0xFF)] // the ROM, which has nothing at this place
    public void Boot_WithoutFirmware_FindsRamBelowItsRom(byte segment, byte expected)
    {
        // mov ax,segment*100h; mov ds,ax; mov byte [0],5Ah; mov bl,[0]; cli; hlt
        using PcMachine machine = Boot([0xB8, 0x00, segment, 0x8E, 0xD8, 0xC6, 0x06, 0x00, 0x00, 0x5A, 0x8A, 0x1E, 0x00, 0x00, 0xFA, 0xF4]);
        Run(machine);
        machine.Vcpu.GetRegisters().Rbx.Should().Be(expected);
    }

    private static PcMachine Boot(byte[] code) => new(new PcOptions
    {
        Boot = new BootSource { Image = new ImageFile("test", code), Format = ImageFormat.Flat },
        MemoryBytes = 2 << 20,
        Deterministic = true,
    });

    private static MachineStop Run(PcMachine machine) => machine.Run(new MachineRunOptions { MaxInstructions = 100_000 });
}
