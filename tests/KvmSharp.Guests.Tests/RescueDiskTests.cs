using System.Diagnostics;
using System.Text;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>GRUB's rescue disk with a menu on the serial port boots the multiboot guest, through our own firmware and through SeaBIOS.</summary>
public sealed class RescueDiskTests : IDisposable
{
    private const string Menu = """
        serial --unit=0 --speed=115200
        terminal_input serial
        terminal_output serial
        set timeout=1
        menuentry "multiboot guest" {
          multiboot /boot/multiboot.elf greeting=hello answer=42
          module /boot/first.txt first
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kvmsharp-rescue-");

    /// <summary>The image is a CD-ROM and, by its first sector, a hard disk too.</summary>
    [GrubTheory]
    [InlineData(ImageFormat.Iso)]
    [InlineData(ImageFormat.Disk)]
    public void Boot_RescueDisk_ShowsItsMenuAndStartsTheGuest(ImageFormat format)
    {
        var image = new ImageFile("rescue.iso", MakeImage());
        Check(new PcOptions { Boot = new BootSource { Image = image, Format = format } });
    }

    [GrubTheory(seaBios: true)]
    [InlineData(BootDevice.Cdrom)]
    [InlineData(BootDevice.Disk)]
    public void Boot_RescueDiskUnderSeaBios_ShowsItsMenuAndStartsTheGuest(BootDevice device) => Check(new PcOptions
    {
        Bios = ImageFile.Read(GrubTheoryAttribute.SeaBios, 1 << 20),
        Media = new BootMedia().With(device, MakeImage()),
        BootOrder = [device],
    });

    private static void Check(PcOptions options)
    {
        var serial = new SerialBuffer();
        using var machine = new PcMachine(options with { MemoryBytes = 64 << 20, Serial = serial, Deterministic = true });
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = 5_000_000_000 });

        string output = Encoding.Latin1.GetString(serial.Output());
        output.Should().Contain("GNU GRUB").And.Contain("*multiboot guest").And.Contain("argument: answer=42");
        stop.Reason.Should().Be(MachineStopReason.PowerOff);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private byte[] MakeImage()
    {
        string boot = Path.Combine(_folder.FullName, "tree", "boot");
        Directory.CreateDirectory(Path.Combine(boot, "grub"));
        File.Copy(GuestList.PathOf("multiboot/multiboot.elf"), Path.Combine(boot, "multiboot.elf"));
        File.Copy(GuestList.PathOf("multiboot/modules/first.txt"), Path.Combine(boot, "first.txt"));
        File.WriteAllText(Path.Combine(boot, "grub", "grub.cfg"), Menu);
        string image = Path.Combine(_folder.FullName, "rescue.iso");
        using Process maker = Process.Start(new ProcessStartInfo("grub-mkrescue", ["-o", image, Path.Combine(_folder.FullName, "tree")]) { RedirectStandardError = true })!;
        string said = maker.StandardError.ReadToEnd();
        maker.WaitForExit();
        maker.ExitCode.Should().Be(0, "{0}", said);
        return File.ReadAllBytes(image);
    }
}

/// <summary>A test that needs GRUB's tools and its files for BIOS machines; elsewhere it is skipped and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class GrubTheoryAttribute : TheoryAttribute
{
    /// <summary>Debian's place for SeaBIOS.</summary>
    public const string SeaBios = "/usr/share/seabios/bios-256k.bin";

    private static readonly string[] Tools = ["grub-mkrescue", "xorriso", "mformat"];

    /// <param name="seaBios">Whether SeaBIOS is needed too.</param>
    public GrubTheoryAttribute(bool seaBios = false)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(Path.PathSeparator);
        string? missing = Array.Find(Tools, tool => !Array.Exists(folders, folder => File.Exists(Path.Combine(folder, tool))));
        Skip = missing is not null ? $"{missing} is not installed"
            : !Directory.Exists("/usr/lib/grub/i386-pc") ? "grub-pc-bin is not installed"
            : seaBios && !File.Exists(SeaBios) ? "seabios is not installed"
            : null;
    }
}
