using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Builds the boot information of multiboot 2: a list of tags, each beginning at a multiple of eight.</summary>
/// <remarks>
/// The BIOS boot device is left out, as the specification demands of a kernel that comes from no BIOS disk.
/// Source: Multiboot2 Specification 2.0, "Boot information format".
/// </remarks>
internal sealed class Multiboot2Information(IGuestMemory memory)
{
    /// <summary>The value of EAX at the entry of a kernel.</summary>
    public const uint BootLoaderMagic = 0x36D7_6289;

    private const string LoaderName = "KvmSharp";
    private const int TagAlignment = 8;
    private const int FixedBytes = 8; // total size, reserved
    private const int MapEntryBytes = 24;
    private const byte TextScreen = 2; // framebuffer_type: EGA text
    private const int RsdpBytes = 36;
    private const int FirstRsdpBytes = 20; // as ACPI 1.0 had it

    private readonly List<byte> _bytes = [.. new byte[FixedBytes]];

    /// <summary>Whether a type of information can be passed.</summary>
    public static bool Offers(uint type) => (Multiboot2Tag)type is Multiboot2Tag.CommandLine or Multiboot2Tag.LoaderName or Multiboot2Tag.Module
        or Multiboot2Tag.MemorySizes or Multiboot2Tag.MemoryMap or Multiboot2Tag.Framebuffer or Multiboot2Tag.ElfSections
        or Multiboot2Tag.FirstRsdp or Multiboot2Tag.SecondRsdp or Multiboot2Tag.LoadBaseAddress;

    public void AddStrings(string commandLine)
    {
        Add(Multiboot2Tag.CommandLine, Text(commandLine));
        Add(Multiboot2Tag.LoaderName, Text(LoaderName));
    }

    public void AddModules(IReadOnlyList<ImageFile> modules, IReadOnlyList<GuestRange> placed)
    {
        for (int i = 0; i < modules.Count; i++)
        {
            Add(Multiboot2Tag.Module, [.. Word((uint)placed[i].Start), .. Word((uint)placed[i].End), .. Text(modules[i].Name)]);
        }
    }

    public void AddMemory(IReadOnlyList<MemoryMapEntry> map)
    {
        Add(Multiboot2Tag.MemorySizes, [.. Word(MemoryMap.KibibytesFrom(map, 0)), .. Word(MemoryMap.KibibytesFrom(map, PcLayout.ExtendedMemory))]);
        List<byte> entries = [.. Word(MapEntryBytes), .. Word(0)]; // the size of an entry, and its version
        foreach (MemoryMapEntry entry in map)
        {
            entries.AddRange([.. Long(entry.Start), .. Long(entry.Length), .. Word((uint)entry.Type), .. Word(0)]);
        }

        Add(Multiboot2Tag.MemoryMap, entries);
    }

    /// <summary>The screen that every PC has after power-on: 80 columns, 25 lines, two bytes a character.</summary>
    public void AddTextScreen() => Add(
        Multiboot2Tag.Framebuffer, [.. Long(PcLayout.TextMemory), .. Word(80 * 2), .. Word(80), .. Word(25), 16, TextScreen, 0, 0]);

    public void AddSections(ElfSections? sections)
    {
        if (sections is not null)
        {
            Add(Multiboot2Tag.ElfSections, [.. Word((uint)sections.Count), .. Word((uint)sections.HeaderBytes), .. Word((uint)sections.Names), .. sections.Headers]);
        }
    }

    public void AddAcpi(uint rsdpAddress)
    {
        var rsdp = new byte[RsdpBytes];
        if (rsdpAddress != 0 && memory.TryRead(rsdpAddress, rsdp))
        {
            Add(Multiboot2Tag.FirstRsdp, rsdp[..FirstRsdpBytes]);
            Add(Multiboot2Tag.SecondRsdp, rsdp);
        }
    }

    public void AddLoadBase(uint? address)
    {
        if (address is { } lowest)
        {
            Add(Multiboot2Tag.LoadBaseAddress, Word(lowest));
        }
    }

    /// <summary>Ends the list and gives it with its size filled in.</summary>
    public byte[] Finish()
    {
        Add(Multiboot2Tag.End, []);
        byte[] all = [.. _bytes];
        BinaryPrimitives.WriteInt32LittleEndian(all, all.Length);
        return all;
    }

    private void Add(Multiboot2Tag type, IReadOnlyCollection<byte> content)
    {
        _bytes.AddRange([.. Word((uint)type), .. Word((uint)(FixedBytes + content.Count)), .. content]);
        _bytes.AddRange(new byte[-_bytes.Count & (TagAlignment - 1)]);
    }

    private static byte[] Text(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static byte[] Word(uint value)
    {
        var bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Long(ulong value) => [.. Word((uint)value), .. Word((uint)(value >> 32))];
}

/// <summary>The types of tags in the boot information.</summary>
internal enum Multiboot2Tag
{
    End = 0,
    CommandLine = 1,
    LoaderName = 2,
    Module = 3,
    MemorySizes = 4,
    MemoryMap = 6,
    Framebuffer = 8,
    ElfSections = 9,
    FirstRsdp = 14,
    SecondRsdp = 15,
    LoadBaseAddress = 21,
}
