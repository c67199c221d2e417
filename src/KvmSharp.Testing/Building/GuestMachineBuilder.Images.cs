using Iced.Intel;
using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>What the machine boots.</summary>
public sealed partial class GuestMachineBuilder
{
    private const uint CodeAddress = 0x10_0000; // 1 MiB: clear of all that a PC has below
    private const ulong LargestImage = 1UL << 31;

    /// <summary>Boots an image: ELF, multiboot, Linux, PVH, a boot sector, a disk or a disc; its bytes tell which. Symbols of an ELF file are used in reports.</summary>
    /// <param name="path">The file.</param>
    /// <param name="append">The command line of a kernel.</param>
    /// <param name="initrd">The initial RAM disk of a kernel, or its first module.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ImageException">A file cannot be read.</exception>
    public GuestMachineBuilder WithImage(string path, string append = "", string? initrd = null)
    {
        ImageFile image = ImageFile.Read(path, LargestImage);
        _symbols = new Lazy<SymbolTable?>(() => SymbolsOf(image));
        return WithBoot(new BootSource { Image = image, Append = append, Initrd = initrd is null ? null : ImageFile.Read(initrd, LargestImage) });
    }

    /// <summary>Boots an image with all that can be said about it.</summary>
    /// <param name="boot">The image.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithBoot(BootSource boot)
    {
        ArgumentNullException.ThrowIfNull(boot);
        BootDevice? device = BootMedia.KindOf(boot.FormatInUse, boot.Image.Bytes.Length);
        return boot.Format is null && device is { } kind && boot.FormatInUse != ImageFormat.BootSector
            ? With(o => o with { Boot = null, Media = o.Media.With(kind, boot.Image.Bytes.Span) })
            : With(o => o with { Boot = boot });
    }

    /// <summary>Runs bytes.</summary>
    /// <param name="bytes">Machine code and its data.</param>
    /// <param name="mode">The mode in which it is entered at its first byte.</param>
    /// <param name="address">Its guest-physical address; unless given 7C00h in real mode and 1 MiB in the others.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithBytes(ReadOnlyMemory<byte> bytes, StartMode mode = StartMode.Real16, uint? address = null) => With(o => o with
    {
        Boot = new BootSource
        {
            Image = new ImageFile("code", bytes),
            Format = ImageFormat.Flat,
            Placement = new FlatPlacement { Mode = mode, LoadAddress = address ?? DefaultAddress(mode) },
        },
    });

    /// <summary>Runs code that is written in place.</summary>
    /// <param name="mode">The mode in which it is entered, which is also what it is assembled for.</param>
    /// <param name="write">Writes it with Iced's assembler.</param>
    /// <param name="address">Its guest-physical address; unless given 7C00h in real mode and 1 MiB in the others.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithCode(StartMode mode, Action<Assembler> write, uint? address = null)
    {
        ArgumentNullException.ThrowIfNull(write);
        var assembler = new Assembler(mode switch { StartMode.Real16 => 16, StartMode.Protected32 => 32, _ => 64 });
        write(assembler);
        using var bytes = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(bytes), address ?? DefaultAddress(mode));
        return WithBytes(bytes.ToArray(), mode, address);
    }

    /// <summary>Starts a firmware ROM instead of an image.</summary>
    /// <param name="path">The file.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ImageException">It cannot be read.</exception>
    public GuestMachineBuilder WithBios(string path) => With(o => o with { Bios = ImageFile.Read(path, LargestImage) });

    /// <summary>Adds a hard disk.</summary>
    /// <param name="path">The image, raw or qcow2.</param>
    /// <param name="bus">The bus.</param>
    /// <param name="keepWrites">Whether the guest's writes change the file; else they are thrown away.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithDisk(string path, DiskBus bus = DiskBus.Ide, bool keepWrites = false) => With(o => o with
    {
        Disks = [.. o.Disks, new DiskAttachment(new DiskSpec(path) { Writes = keepWrites ? DiskWrites.ToImage : DiskWrites.Discarded }, bus)],
    });

    /// <summary>Puts a disc into the CD-ROM drive.</summary>
    /// <param name="path">The image.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithCdrom(string path) => With(o => o with { Cdrom = new DiskSpec(path) { Writes = DiskWrites.Refused } });

    /// <summary>Puts a floppy into drive A; the guest's writes are thrown away.</summary>
    /// <param name="path">The image.</param>
    /// <returns>This builder.</returns>
    public GuestMachineBuilder WithFloppy(string path) => With(o => o with { Floppy = DiskSpec.NeverChanged(path) });

    // An image boots whatever its symbols are like.
    private static SymbolTable? SymbolsOf(ImageFile image)
    {
        try
        {
            return SymbolTable.Read(image);
        }
        catch (ImageException)
        {
            return null;
        }
    }

    private static uint DefaultAddress(StartMode mode) => mode == StartMode.Real16 ? PcLayout.BootAddress : CodeAddress;
}
