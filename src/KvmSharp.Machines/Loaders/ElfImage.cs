namespace KvmSharp.Machines;

/// <summary>Loads a 32-bit x86 ELF executable to the physical addresses of its program headers.</summary>
/// <remarks>
/// It is entered in 32-bit protected mode with flat segments and paging off. <c>e_entry</c> is a virtual address: it is
/// translated by the segment it lies in. Section headers are not read. Source: System V ABI, "Program Header".
/// </remarks>
public static class ElfImage
{
    private const int IdentClass = 4;
    private const int IdentData = 5;
    private const byte Class32 = 1;
    private const byte Class64 = 2;
    private const byte DataLittleEndian = 1;
    private const ushort TypeExecutable = 2;  // ET_EXEC
    private const ushort Machine386 = 3;      // EM_386
    private const int HeaderBytes = 52;       // sizeof(Elf32_Ehdr)

    // Elf32_Ehdr
    private const int TypeOffset = 16;
    private const int MachineOffset = 18;
    private const int EntryOffset = 24;
    private const int TableOffset = 28;       // e_phoff
    private const int EntrySizeOffset = 42;   // e_phentsize
    private const int EntryCountOffset = 44;  // e_phnum

    /// <summary>Tells whether a file begins as ELF files do.</summary>
    /// <param name="image">The whole file.</param>
    /// <returns><see langword="true"/> for 7Fh, "ELF".</returns>
    public static bool HasMagic(ReadOnlySpan<byte> image) => image.StartsWith("\u007FELF"u8);

    /// <summary>Loads an executable.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">A header field is wrong, segments overlap, or something does not fit.</exception>
    public static LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        CheckHeader(image);
        List<ElfSegment> segments = ReadSegments(image);
        uint entry = FindEntry(LittleEndian.UInt32(image, EntryOffset), segments);
        foreach (ElfSegment segment in segments)
        {
            segment.Load(image, memory);
        }

        return new LoadedImage { Format = ImageFormat.Elf, Entry = entry, End = segments.Max(s => s.Memory.End), Mode = StartMode.Protected32 };
    }

    private static void CheckHeader(ReadOnlySpan<byte> image)
    {
        if (!HasMagic(image))
        {
            throw new ImageException("The file is no ELF file: it does not begin with 7Fh \"ELF\".");
        }

        if (image.Length < HeaderBytes)
        {
            throw new ImageException($"The ELF header is cut off: the file has {image.Length} of its {HeaderBytes} bytes.");
        }

        if (image[IdentClass] == Class64)
        {
            throw new ImageException("The ELF file is 64-bit (EI_CLASS is 2): a guest starts in 32-bit mode, so link it as elf32-i386.");
        }

        ushort type = LittleEndian.UInt16(image, TypeOffset);
        ushort machine = LittleEndian.UInt16(image, MachineOffset);
        string? fault = image[IdentClass] != Class32 ? $"EI_CLASS is {image[IdentClass]}, not 1 (32-bit)"
            : image[IdentData] != DataLittleEndian ? $"EI_DATA is {image[IdentData]}, not 1 (little-endian)"
            : machine != Machine386 ? $"e_machine is {machine}, not 3 (Intel 80386)"
            : type != TypeExecutable ? $"e_type is {type}, not 2 (executable): link it to fixed addresses"
            : null;
        if (fault is not null)
        {
            throw new ImageException($"The ELF file cannot be booted: {fault}.");
        }
    }

    private static List<ElfSegment> ReadSegments(ReadOnlySpan<byte> image)
    {
        uint table = LittleEndian.UInt32(image, TableOffset);
        int size = LittleEndian.UInt16(image, EntrySizeOffset);
        int count = LittleEndian.UInt16(image, EntryCountOffset);
        if (count > 0 && size < ElfSegment.HeaderBytes)
        {
            throw new ImageException($"The ELF file's e_phentsize is {size}: a program header has {ElfSegment.HeaderBytes} bytes.");
        }

        if (table + ((ulong)size * (ulong)count) > (ulong)image.Length)
        {
            throw new ImageException($"The ELF file's {count} program headers at {table:X}h reach beyond its end: it is truncated, or e_phoff or e_phnum is wrong.");
        }

        var segments = new List<ElfSegment>();
        for (int i = 0; i < count; i++)
        {
            if (ElfSegment.TryRead(image, (int)table + (i * size), i, out ElfSegment segment))
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

    private static uint FindEntry(uint entry, List<ElfSegment> segments)
    {
        foreach (ElfSegment segment in segments)
        {
            if (segment.TryTranslate(entry, out uint physical))
            {
                return physical;
            }
        }

        throw new ImageException($"The ELF file's entry {entry:X}h (e_entry) lies outside all its segments: link it with an entry symbol.");
    }
}
