using System.Buffers.Binary;
using System.Globalization;

namespace KvmSharp.Machines;

/// <summary>A ROM that extends the firmware: it is offered to it as a file, and the firmware copies it below 1 MiB and calls it.</summary>
/// <remarks>Source: BIOS Boot Specification 1.01, "Option ROM Headers"; PCI Local Bus Specification 3.0, "PCI Expansion ROM Contents".</remarks>
internal sealed record OptionRom
{
    private const int UnitBytes = 512;
    private const int SizeOffset = 2;      // in units
    private const int PciDataOffset = 0x18; // where the PCI data structure lies, a word
    private const int VideoTextOffset = 0x1E;
    private const int DeviceOffset = 4;    // in the PCI data structure: vendor and device, a word each
    private const int ClassOffset = 0x0D;  // three bytes, the class is the last
    private const int PciDataBytes = 0x18;
    private const byte DisplayClass = 0x03;
    private const int HeaderBytes = 0x20;

    private readonly string _name;

    private OptionRom(string name, bool isForScreen, uint? pciDevice)
    {
        _name = name;
        IsForScreen = isForScreen;
        PciDevice = pciDevice;
    }

    /// <summary>Gets a value indicating whether it drives a screen.</summary>
    public bool IsForScreen { get; }

    /// <summary>Gets the PCI device that it is for, as in the first doubleword of a configuration space; null when it names none.</summary>
    public uint? PciDevice { get; }

    /// <summary>Gets the name of the file by which SeaBIOS finds it.</summary>
    /// <remarks>SeaBIOS tells a ROM which PCI function it is for only under the first kind of name; of the others it runs those of screens first.</remarks>
    /// <param name="devices">The PCI devices of the machine.</param>
    public string FileName(IEnumerable<uint> devices)
    {
        const int LongestName = 40; // of the 55 characters that a file's name may have
        return PciDevice is { } device && devices.Contains(device) ? string.Create(CultureInfo.InvariantCulture, $"pci{(ushort)device:x4},{device >> 16:x4}.rom")
            : $"{(IsForScreen ? "vgaroms" : "genroms")}/{_name[..Math.Min(_name.Length, LongestName)]}";
    }

    /// <summary>Looks at a ROM's header.</summary>
    /// <param name="file">The file.</param>
    /// <returns>What it says.</returns>
    /// <exception cref="ImageException">It has no header, or is shorter than it says.</exception>
    public static OptionRom Check(ImageFile file)
    {
        ReadOnlySpan<byte> rom = file.Bytes.Span;
        if (rom.Length < HeaderBytes || rom[0] != 0x55 || rom[1] != 0xAA)
        {
            throw new ImageException($"{file.Name} is no option ROM: it does not begin with 55h AAh and a header.");
        }

        int stated = rom[SizeOffset] * UnitBytes;
        if (stated > rom.Length)
        {
            throw new ImageException($"{file.Name} is cut short: its header says {stated} bytes, the file has {rom.Length}.");
        }

        ReadOnlySpan<byte> pci = PciData(rom);
        bool screen = rom[VideoTextOffset..].StartsWith("IBM"u8) || (!pci.IsEmpty && pci[ClassOffset + 2] == DisplayClass);
        uint? device = pci.IsEmpty ? null : BinaryPrimitives.ReadUInt32LittleEndian(pci[DeviceOffset..]);
        return new OptionRom(Path.GetFileName(file.Name), screen, device);
    }

    private static ReadOnlySpan<byte> PciData(ReadOnlySpan<byte> rom)
    {
        int at = BinaryPrimitives.ReadUInt16LittleEndian(rom[PciDataOffset..]);
        return at + PciDataBytes <= rom.Length && rom[at..].StartsWith("PCIR"u8) ? rom.Slice(at, PciDataBytes) : default;
    }
}
