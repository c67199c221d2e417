using System.Text;

namespace KvmSharp.Machines.Tests;

/// <summary>A machine that starts in a ROM of ours: 128 KiB, the code at F000:0000.</summary>
public class FirmwareRomTests
{
    private const int RomBytes = 128 * 1024;
    private const int CodeOffset = 0x1_0000; // seen at F0000h
    private const byte Marker = 0x77;        // the ROM's first byte, seen at E0000h

    private static readonly byte[] JumpToCode = [0xEA, 0x00, 0x00, 0x00, 0xF0]; // jmp F000:0000

    [Fact]
    public void Boot_StartsAtTheResetVectorAndSeesTheRomBelow1MiB()
    {
        // mov al,[cs:8000h]; mov bl,al; cli; hlt
        using PcMachine machine = Machine(Rom([0x2E, 0xA0, 0x00, 0x80, 0x88, 0xC3, 0xFA, 0xF4], (CodeOffset + 0x8000, 0x5A)));

        Run(machine).Reason.Should().Be(MachineStopReason.Halted);

        machine.Vcpu.GetRegisters().Rbx.Should().Be(0x5A);
        Span<byte> both = stackalloc byte[2];
        machine.Memory.TryRead(0xFFFF_8000, both[..1]).Should().BeTrue();
        machine.Memory.TryRead(0xF_8000, both[1..]).Should().BeTrue();
        both.ToArray().Should().Equal(0x5A, 0x5A);
    }

    [Fact]
    public void Pam_EveryMode_ReadsAndWritesWhereItSays()
    {
        // DS:0 is E0000h, whose accesses the low half of register 5Eh governs; each read is stored at 0:500h and on.
        byte[] code =
        [
            0xB8, 0x00, 0xE0, 0x8E, 0xD8, 0x31, 0xC0, 0x8E, 0xC0, 0xBF, 0x00, 0x05, 0xFC, // mov ax,E000h; mov ds,ax; es=0; mov di,500h; cld
            0x66, 0xB8, 0x5C, 0x00, 0x00, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, 0xBA, 0xFE, 0x0C, // address 5Ch; mov dx,CFEh
            0xC6, 0x06, 0x00, 0x00, 0x11, 0xA0, 0x00, 0x00, 0xAA,                         // mov byte [0],11h; mov al,[0]; stosb
            0xB0, 0x02, 0xEE, 0xC6, 0x06, 0x00, 0x00, 0x22, 0xA0, 0x00, 0x00, 0xAA,       // WE; the same with 22h
            0xB0, 0x01, 0xEE, 0xA0, 0x00, 0x00, 0xAA,                                     // RE; mov al,[0]; stosb
            0xC6, 0x06, 0x00, 0x00, 0x33, 0xA0, 0x00, 0x00, 0xAA,                         // mov byte [0],33h; mov al,[0]; stosb
            0xB0, 0x03, 0xEE, 0xC6, 0x06, 0x00, 0x00, 0x44, 0xA0, 0x00, 0x00, 0xAA,       // RE and WE; the same with 44h
            0xB0, 0x00, 0xEE, 0xA0, 0x00, 0x00, 0xAA,                                     // none; mov al,[0]; stosb
            0xB0, 0x03, 0xEE, 0xA0, 0x00, 0x00, 0xAA, 0xFA, 0xF4,                         // both; mov al,[0]; stosb; cli; hlt
        ];
        using PcMachine machine = Machine(Rom(code));

        Run(machine).Reason.Should().Be(MachineStopReason.Halted, "a write to ROM is no unmapped access");

        var seen = new byte[7];
        machine.Memory.TryRead(0x500, seen);
        seen.Should().Equal(Marker, Marker, 0x22, 0x22, 0x44, Marker, 0x44);
    }

    [Fact]
    public void Reset_ThroughResetControl_BringsTheRomBack()
    {
        // First: makes E0000h RAM, stores 44h there, resets by CF9h. Second, known by the count at 0:600h: mov bl,[E0000h]; cli; hlt
        byte[] code =
        [
            0x31, 0xC0, 0x8E, 0xC0, 0xB8, 0x00, 0xE0, 0x8E, 0xD8, 0x26, 0x80, 0x3E, 0x00, 0x06, 0x00, 0x75, 0x23, 0x26, 0xFE, 0x06, 0x00, 0x06,
            0x66, 0xB8, 0x5C, 0x00, 0x00, 0x80, 0xBA, 0xF8, 0x0C, 0x66, 0xEF, 0xBA, 0xFE, 0x0C, 0xB0, 0x03, 0xEE, 0xC6, 0x06, 0x00, 0x00, 0x44,
            0xBA, 0xF9, 0x0C, 0xB0, 0x06, 0xEE, 0xEB, 0xFE, 0x8A, 0x1E, 0x00, 0x00, 0xFA, 0xF4,
        ];
        using PcMachine machine = Machine(Rom(code));

        Run(machine).Reason.Should().Be(MachineStopReason.Halted);

        machine.Vcpu.GetRegisters().Rbx.Should().Be(Marker);
    }

    [Fact]
    public void Write_ToTheRomBelow4GiB_IsLost()
    {
        byte[] rom = Rom([]);
        new byte[] { 0x2E, 0xA2, 0x00, 0x00, 0xFA, 0xF4 }.CopyTo(rom, RomBytes - 16); // at the reset vector: mov [cs:0],al; cli; hlt
        rom[CodeOffset] = 0x5A;
        using PcMachine machine = Machine(rom);

        Run(machine).Reason.Should().Be(MachineStopReason.Halted);

        var seen = new byte[1];
        machine.Memory.TryRead(0xFFFF_0000, seen);
        seen.Should().Equal(0x5A);
    }

    [Fact]
    public void DebugPort_TakesWhatFirmwareWrites()
    {
        // mov dx,402h; in al,dx; out dx,al; cli; hlt
        var written = new List<byte>();
        using PcMachine machine = Machine(Rom([0xBA, 0x02, 0x04, 0xEC, 0xEE, 0xFA, 0xF4]), o => o with { FirmwareDebugOutput = written.Add });
        Run(machine);
        written.Should().Equal(0xE9);
    }

    [Fact]
    public void BootOrder_IsInTheCmos()
    {
        // mov al,3Dh; out 70h,al; in al,71h; mov bl,al; cli; hlt
        using PcMachine machine = Machine(
            Rom([0xB0, 0x3D, 0xE6, 0x70, 0xE4, 0x71, 0x88, 0xC3, 0xFA, 0xF4]), o => o with { BootOrder = [BootDevice.Cdrom, BootDevice.Floppy] });
        Run(machine);
        machine.Vcpu.GetRegisters().Rbx.Should().Be(0x13);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65_535)]
    [InlineData(17 << 20)]
    public void Rom_OfNoRomsSize_IsRefused(int bytes)
    {
        Action make = () => Machine(new byte[bytes]);
        make.Should().Throw<ImageException>().WithMessage($"rom of {bytes} bytes is no firmware ROM*64 KiB*16 MiB*");
    }

    [Theory]
    [InlineData("00AA", "no option ROM")]
    [InlineData("55AA", "no option ROM")]
    [InlineData("55AA04000000000000000000000000000000000000000000000000000000000000", "cut short*2048*")]
    public void OptionRom_Malformed_IsRefused(string bytes, string reason)
    {
        Action make = () => Machine(Rom([0xF4]), o => o with { OptionRoms = [new ImageFile("extra.rom", Convert.FromHexString(bytes))] });
        make.Should().Throw<ImageException>().WithMessage($"extra.rom is {reason}*");
    }

    [Fact]
    public void Machine_WithAnImageAndARom_IsRefused()
    {
        Action make = () => _ = new PcMachine(new PcOptions
        {
            Boot = new BootSource { Image = new ImageFile("i", new byte[] { 0xF4 }) },
            Bios = new ImageFile("rom", Rom([0xF4])),
        });
        make.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void FirmwareFiles_AreInTheDirectory()
    {
        // mov dx,510h; mov ax,19h; out dx,ax; inc dx; mov cx,200h; cld; mov di,600h; rep insb (es=0); cli; hlt
        byte[] code = [0xBA, 0x10, 0x05, 0xB8, 0x19, 0x00, 0xEF, 0x42, 0xB9, 0x00, 0x02, 0xFC, 0xBF, 0x00, 0x06, 0xF3, 0x6C, 0xFA, 0xF4];
        var rom = new byte[512];
        (rom[0], rom[1], rom[2]) = (0x55, 0xAA, 1);
        "IBM VGA"u8.CopyTo(rom.AsSpan(0x1E));
        var hostBridgeRom = (byte[])rom.Clone();
        hostBridgeRom.AsSpan(0x1E).Clear();
        hostBridgeRom[0x18] = 0x40; // where the PCI data lie
        new byte[] { (byte)'P', (byte)'C', (byte)'I', (byte)'R', 0x86, 0x80, 0x37, 0x12 }.CopyTo(hostBridgeRom, 0x40);
        using PcMachine machine = Machine(Rom(code), o => o with
        {
            OptionRoms = [new ImageFile("/some/where/screen.rom", rom), new ImageFile("bridge.rom", hostBridgeRom)],
            FirmwareFiles = new Dictionary<string, ReadOnlyMemory<byte>> { ["opt/ours"] = new byte[1] },
        });

        Run(machine);

        var directory = new byte[0x200];
        machine.Memory.TryRead(0x600, directory);
        Encoding.ASCII.GetString(directory).Should().ContainAll("etc/e820", "opt/ours", "vgaroms/screen.rom", "pci8086,1237.rom").And.NotContain("sercon");
    }

    private static byte[] Rom(byte[] code, params (int Offset, byte Value)[] values)
    {
        var rom = new byte[RomBytes];
        rom[0] = Marker;
        code.CopyTo(rom, CodeOffset);
        JumpToCode.CopyTo(rom, RomBytes - 16);
        foreach ((int offset, byte value) in values)
        {
            rom[offset] = value;
        }

        return rom;
    }

    private static PcMachine Machine(byte[] rom, Func<PcOptions, PcOptions>? change = null)
    {
        var options = new PcOptions { Bios = new ImageFile("rom", rom), MemoryBytes = 2 << 20, Deterministic = true, StopOnUnmapped = true };
        return new PcMachine(change is null ? options : change(options));
    }

    private static MachineStop Run(PcMachine machine) => machine.Run(new MachineRunOptions { MaxInstructions = 100_000 });
}
