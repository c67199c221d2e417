using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Finds what a disc boots: the volume descriptor that names the boot catalogue, and the catalogue's entry for a PC.</summary>
/// <remarks>Nothing on the disc is believed: numbers that lead outside it, and catalogues without the right marks, are no boot image. Source: "El Torito" Bootable CD-ROM Format Specification 1.0.</remarks>
internal static class ElTorito
{
    private const int FirstDescriptor = 16; // in blocks
    private const int DescriptorLimit = 32; // looked at before giving up
    private const byte BootRecord = 0;
    private const byte SetTerminator = 255;
    private const int SystemIdentifier = 7;
    private const int CatalogPointer = 0x47;
    private const int EntryBytes = 32;
    private const byte ValidationEntry = 0x01;
    private const byte Bootable = 0x88;
    private const byte SectionHeader = 0x90;
    private const byte LastSectionHeader = 0x91;
    private const byte PlatformX86 = 0;
    private const ushort DefaultSegment = 0x07C0;

    /// <summary>Finds a disc's boot entry.</summary>
    /// <param name="disc">The disc.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>False when the disc cannot be booted by a PC.</returns>
    public static bool TryFind(IDisk disc, out BootEntry entry)
    {
        Span<byte> block = stackalloc byte[DiscImage.BlockBytes];
        entry = default;
        return TryFindCatalog(disc, block, out uint catalog) && TryReadBlock(disc, catalog, block) && TryReadCatalog(block, disc, out entry);
    }

    private static bool TryFindCatalog(IDisk disc, Span<byte> block, out uint catalog)
    {
        catalog = 0;
        for (uint at = FirstDescriptor; at < FirstDescriptor + DescriptorLimit && TryReadBlock(disc, at, block); at++)
        {
            if (!block[1..6].SequenceEqual("CD001"u8) || block[0] == SetTerminator)
            {
                return false;
            }

            if (block[0] == BootRecord && block[SystemIdentifier..].StartsWith("EL TORITO SPECIFICATION"u8))
            {
                catalog = LittleEndian.UInt32(block, CatalogPointer);
                return true;
            }
        }

        return false;
    }

    private static bool TryReadCatalog(ReadOnlySpan<byte> catalog, IDisk disc, out BootEntry entry)
    {
        entry = default;
        ushort sum = 0;
        for (int i = 0; i < EntryBytes; i += sizeof(ushort))
        {
            sum += BinaryPrimitives.ReadUInt16LittleEndian(catalog[i..]);
        }

        if (catalog[0] != ValidationEntry || catalog[30] != 0x55 || catalog[31] != 0xAA || sum != 0)
        {
            return false;
        }

        // The default entry belongs to the platform of the validation entry; sections behind it say their own.
        byte platform = catalog[1];
        for (int at = EntryBytes; at < catalog.Length; at += EntryBytes)
        {
            ReadOnlySpan<byte> bytes = catalog.Slice(at, EntryBytes);
            if (bytes[0] is SectionHeader or LastSectionHeader)
            {
                platform = bytes[1];
            }
            else if (bytes[0] == Bootable && platform == PlatformX86 && TryReadEntry(bytes, disc, out entry))
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryReadEntry(ReadOnlySpan<byte> bytes, IDisk disc, out BootEntry entry)
    {
        ushort segment = LittleEndian.UInt16(bytes, 2);
        ushort count = LittleEndian.UInt16(bytes, 6);
        entry = new BootEntry
        {
            Media = (DiscMedia)(bytes[1] & 0x0F),
            Segment = segment == 0 ? DefaultSegment : segment,
            SectorCount = count == 0 ? (ushort)1 : count,
            Block = LittleEndian.UInt32(bytes, 8),
        };
        return entry.Media <= DiscMedia.HardDisk && entry.Block != 0 && entry.Block < disc.SectorCount / DiscImage.SectorsPerBlock;
    }

    private static bool TryReadBlock(IDisk disc, uint block, Span<byte> destination) =>
        disc.Read((long)block * DiscImage.SectorsPerBlock, destination) == DiskResult.Done;
}

/// <summary>What is booted from a disc.</summary>
internal readonly record struct BootEntry
{
    /// <summary>What the image pretends to be.</summary>
    public DiscMedia Media { get; init; }

    /// <summary>The segment that its first sectors are loaded to.</summary>
    public ushort Segment { get; init; }

    /// <summary>How many sectors of 512 bytes are loaded.</summary>
    public ushort SectorCount { get; init; }

    /// <summary>The disc's block where it begins.</summary>
    public uint Block { get; init; }
}

/// <summary>What a boot image on a disc pretends to be.</summary>
internal enum DiscMedia : byte
{
    /// <summary>Nothing: it knows that it is on a disc.</summary>
    NoEmulation,

    /// <summary>A floppy of 1.2 MB.</summary>
    Floppy1200,

    /// <summary>A floppy of 1.44 MB.</summary>
    Floppy1440,

    /// <summary>A floppy of 2.88 MB.</summary>
    Floppy2880,

    /// <summary>A hard disk with one partition.</summary>
    HardDisk,
}
