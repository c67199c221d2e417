namespace KvmSharp.Machines;

/// <summary>Where an ELF file's fields are: the two classes hold the same fields at different offsets, addresses as 4 or 8 bytes.</summary>
/// <remarks>Source: System V ABI, "ELF Header", "Program Header", "Sections" and "Note Section".</remarks>
internal sealed record ElfLayout
{
    public static readonly ElfLayout Elf32 = new()
    {
        AddressBytes = 4,
        HeaderBytes = 52,
        Entry = 24,
        SegmentTable = 28,
        SectionTable = 32,
        SegmentHeaderSize = 42,
        SegmentHeaderBytes = 32,
        SegmentOffset = 4,
        SegmentVirtual = 8,
        SegmentPhysical = 12,
        SegmentFileSize = 16,
        SegmentMemorySize = 20,
        SectionHeaderBytes = 40,
        SectionAddress = 12,
        SectionOffset = 16,
        SectionSize = 20,
    };

    public static readonly ElfLayout Elf64 = new()
    {
        AddressBytes = 8,
        HeaderBytes = 64,
        Entry = 24,
        SegmentTable = 32,
        SectionTable = 40,
        SegmentHeaderSize = 54,
        SegmentHeaderBytes = 56,
        SegmentOffset = 8,
        SegmentVirtual = 16,
        SegmentPhysical = 24,
        SegmentFileSize = 32,
        SegmentMemorySize = 40,
        SectionHeaderBytes = 64,
        SectionAddress = 16,
        SectionOffset = 24,
        SectionSize = 32,
    };

    public required int AddressBytes { get; init; }

    /// <summary>sizeof(Elf32_Ehdr) or sizeof(Elf64_Ehdr).</summary>
    public required int HeaderBytes { get; init; }

    public required int Entry { get; init; }

    /// <summary>e_phoff.</summary>
    public required int SegmentTable { get; init; }

    /// <summary>e_shoff.</summary>
    public required int SectionTable { get; init; }

    /// <summary>e_phentsize. Five 16-bit fields are in a row: this one, e_phnum, e_shentsize, e_shnum, e_shstrndx.</summary>
    public required int SegmentHeaderSize { get; init; }

    public int SegmentCount => SegmentHeaderSize + 2;

    public int SectionHeaderSize => SegmentHeaderSize + 4;

    public int SectionCount => SegmentHeaderSize + 6;

    public int SectionNames => SegmentHeaderSize + 8;

    public required int SegmentHeaderBytes { get; init; }

    public required int SegmentOffset { get; init; }

    public required int SegmentVirtual { get; init; }

    public required int SegmentPhysical { get; init; }

    public required int SegmentFileSize { get; init; }

    public required int SegmentMemorySize { get; init; }

    public required int SectionHeaderBytes { get; init; }

    public required int SectionAddress { get; init; }

    public required int SectionOffset { get; init; }

    public required int SectionSize { get; init; }

    /// <summary>Reads a field that is an address, an offset or a size.</summary>
    public ulong Address(ReadOnlySpan<byte> bytes, int offset) =>
        AddressBytes == sizeof(ulong) ? LittleEndian.UInt64(bytes, offset) : LittleEndian.UInt32(bytes, offset);
}
