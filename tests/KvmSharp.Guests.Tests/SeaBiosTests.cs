using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>Boots the SeaBIOS of Debian's package unmodified, up to where it finds nothing to boot, and on to the reset that it makes then.</summary>
public class SeaBiosTests
{
    private const string Folder = "/usr/share/seabios";
    private const ulong InstructionLimit = 200_000_000;

    [SeaBiosTheory]
    [InlineData("bios.bin")]
    [InlineData("bios-256k.bin")]
    public void Boot_WithoutDisks_AsksForOneAndResetsAfterAMinute(string rom)
    {
        (MachineStop stop, string serial, string debug) = Run(rom);

        stop.Reason.Should().Be(MachineStopReason.Reset);
        debug.Should().ContainAll(
            "Running on QEMU (i440fx)", "QEMU fw_cfg DMA interface supported", "len 0x0000000004000000 [RAM]", "PIIX3/PIIX4 init: elcr=00 0c", "Using pmtimer");
        serial.Should().ContainAll("SeaBIOS (version", "Booting from Hard Disk", "No bootable device.");
    }

    [SeaBiosTheory]
    [InlineData("bios.bin")]
    public void Boot_WithAnOptionRom_CallsIt(string rom)
    {
        var extra = new byte[512];
        new byte[] { 0x55, 0xAA, 1, 0xB0, (byte)'!', 0xE6, 0xE9, 0xCB }.CopyTo(extra, 0); // mov al,'!'; out E9h,al; retf
        extra[^1] = (byte)-extra.Sum(b => b); // all bytes add up to 0

        (_, string serial, string debug) = Run(rom, new ImageFile("extra.rom", extra));

        debug.Should().Contain("Running option rom at c");
        serial.Should().Contain("!");
    }

    [SeaBiosTheory]
    [InlineData("vgabios-stdvga.bin")]
    public void Boot_WithItsVgaBios_FindsTheAdapterAndItsMemory(string vgaRom)
    {
        (_, string serial, string debug) = Run("bios-256k.bin", ImageFile.Read(Path.Combine(Folder, vgaRom), 1 << 20));

        debug.Should().ContainAll("Running option rom at c000:0003", "VBE DISPI: bdf 00:02.0, bar 0", "set VGA mode 3", "No bootable device.");
        serial.Should().BeEmpty("the console is the screen");
    }

    private static (MachineStop Stop, string Serial, string Debug) Run(string rom, params ImageFile[] optionRoms)
    {
        var serial = new SerialBuffer();
        var debug = new StringBuilder();
        using var machine = new PcMachine(new PcOptions
        {
            Bios = ImageFile.Read(Path.Combine(Folder, rom), 1 << 20),
            OptionRoms = optionRoms,
            Serial = serial,
            FirmwareDebugOutput = value => debug.Append((char)value),
            Deterministic = true,
            NoReboot = true,
        });
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = InstructionLimit });
        return (stop, Encoding.Latin1.GetString(serial.Output()), debug.ToString());
    }

    /// <summary>A test that needs SeaBIOS's ROMs; elsewhere it is skipped and says why.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SeaBiosTheoryAttribute : TheoryAttribute
    {
        public SeaBiosTheoryAttribute() =>
            Skip = File.Exists(Path.Combine(Folder, "bios-256k.bin")) ? null : $"There are no SeaBIOS ROMs in {Folder}: install the package seabios.";
    }
}
