namespace KvmSharp.Machines;

/// <summary>An ELF executable for x86 whose header and program headers have been checked against the file.</summary>
internal sealed class ElfFile
{
    private const int IdentClass = 4;
    private const int IdentData = 5;
    private const int IdentBytes = 16;
    private const byte Class32 = 1;
    private const byte Class64 = 2;
    private const byte DataLittleEndian = 1;
    private const int TypeOffset = 16;
    private const int MachineOffset = 18;
    private const ushort TypeExecutable = 2; // ET_EXEC
    private const ushort Machine386 = 3;     // EM_386
    private const ushort MachineX64 = 62;    // EM_X86_64

    private readonly ulong _entry;

    private ElfFile(ElfLayout layout, ulong entry, List<ElfSegment> segments)
    {
        Layout = layout;
        _entry = entry;
        Segments = segments;
    }

    public ElfLayout Layout { get; }

    public bool Is64Bit => Layout == ElfLayout.Elf64;

    /// <summary>The loadable segments, the lowest first; there is at least one, and none overlaps another.</summary>
    public List<ElfSegment> Segments { get; }

    /// <summary>The first physical address above all segments.</summary>
    public ulong End => Segments.Max(segment => segment.Memory.End);

    public static bool HasMagic(ReadOnlySpan<byte> image) => image.StartsWith("\u007FELF"u8);

    /// <summary>Reads the headers; nothing is loaded.</summary>
    public static ElfFile Read(ReadOnlySpan<byte> image)
    {
        ElfLayout layout = CheckHeader(image);
        return new ElfFile(layout, layout.Address(image, layout.Entry), ReadSegments(image, layout));
    }

    /// <summary>Where the program headers begin, how far they are apart and how many there are; the table lies inside the file.</summary>
    public static (int Table, int Size, int Count) SegmentTable(ReadOnlySpan<byte> image, ElfLayout layout)
    {
        ulong table = layout.Address(image, layout.SegmentTable);
        int size = LittleEndian.UInt16(image, layout.SegmentHeaderSize);
        int count = LittleEndian.UInt16(image, layout.SegmentCount);
        if (count > 0 && size < layout.SegmentHeaderBytes)
        {
            throw new ImageException($"The ELF file's e_phentsize is {size}: a program header has {layout.SegmentHeaderBytes} bytes.");
        }

        ulong bytes = (ulong)size * (ulong)count;
        return bytes <= (ulong)image.Length && table <= (ulong)image.Length - bytes
            ? ((int)table, size, count)
            : throw new ImageException($"The ELF file's {count} program headers at {table:X}h reach beyond its end: it is truncated, or e_phoff or e_phnum is wrong.");
    }

    /// <summary>Finds the physical address of the entry: <c>e_entry</c> is virtual, though some kernels are linked with a physical one.</summary>
    public uint FindEntry()
    {
        foreach (ElfSegment segment in Segments)
        {
            if (segment.TryTranslate(_entry, out uint physical))
            {
                return physical;
            }
        }

        return IsLoaded(_entry) ? (uint)_entry
            : throw new ImageException($"The ELF file's entry {_entry:X}h (e_entry) lies outside all its segments: link it with an entry symbol.");
    }

    /// <summary>Whether a physical address lies in one of the segments.</summary>
    public bool IsLoaded(ulong address) => Segments.Exists(segment => segment.Memory.Contains(address));

    /// <summary>Copies the segments into guest memory and zeroes what the file does not hold.</summary>
    public void Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        foreach (ElfSegment segment in Segments)
        {
            segment.Load(image, memory);
        }
    }

    private static ElfLayout CheckHeader(ReadOnlySpan<byte> image)
    {
        if (!HasMagic(image))
        {
            throw new ImageException("The file is no ELF file: it does not begin with 7Fh \"ELF\".");
        }

        ElfLayout layout = image.Length > IdentBytes && image[IdentClass] == Class64 ? ElfLayout.Elf64 : ElfLayout.Elf32;
        if (image.Length < layout.HeaderBytes)
        {
            throw new ImageException($"The ELF header is cut off: the file has {image.Length} of its {layout.HeaderBytes} bytes.");
        }

        ushort type = LittleEndian.UInt16(image, TypeOffset);
        ushort machine = LittleEndian.UInt16(image, MachineOffset);
        string? fault = image[IdentClass] is not (Class32 or Class64) ? $"EI_CLASS is {image[IdentClass]}, not 1 (32-bit) or 2 (64-bit)"
            : image[IdentData] != DataLittleEndian ? $"EI_DATA is {image[IdentData]}, not 1 (little-endian)"
            : machine is not (Machine386 or MachineX64) ? $"e_machine is {machine}, not 3 (Intel 80386) or 62 (x86-64)"
            : type != TypeExecutable ? $"e_type is {type}, not 2 (executable): link it to fixed addresses"
            : null;
        return fault is null ? layout : throw new ImageException($"The ELF file cannot be booted: {fault}.");
    }

    private static List<ElfSegment> ReadSegments(ReadOnlySpan<byte> image, ElfLayout layout)
    {
        (int table, int size, int count) = SegmentTable(image, layout);
        var segments = new List<ElfSegment>();
        for (int i = 0; i < count; i++)
        {
            if (ElfSegment.TryRead(image, layout, table + (i * size), i, out ElfSegment segment))
            {
                segments.Add(segment);
            }
        }

        segments.Sort((a, b) => a.Memory.Start.CompareTo(b.Memory.Start));
        for (int i = 1; i < segments.Count; i++)
        {
            if (segments[i].Memory.Overlaps(segments[i - 1].Memory))
            {
                throw new ImageException($"The ELF file's {segments[i - 1].Title} and {segments[i].Title} overlap at {segments[i].Memory.Start:X}h: check p_paddr and p_memsz.");
            }
        }

        return segments.Count > 0 ? segments : throw new ImageException("The ELF file has no segment to load (PT_LOAD): there is nothing to boot.");
    }
}
