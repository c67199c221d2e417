namespace KvmSharp.Machines;

/// <summary>One PT_LOAD program header whose numbers have been checked against the file and the 32-bit address space.</summary>
/// <param name="Index">Its number in the table.</param>
/// <param name="FileOffset">Where its bytes are in the file.</param>
/// <param name="FileBytes">How many of them there are; the rest of the memory is zeroed.</param>
/// <param name="Virtual">The virtual address of its first byte.</param>
/// <param name="Memory">The physical addresses it takes.</param>
internal readonly record struct ElfSegment(int Index, int FileOffset, int FileBytes, uint Virtual, GuestRange Memory)
{
    /// <summary>sizeof(Elf32_Phdr).</summary>
    public const int HeaderBytes = 32;

    private const uint TypeLoad = 1; // PT_LOAD
    private const ulong AddressSpace = 1UL << 32;

    // Elf32_Phdr
    private const int OffsetOffset = 4;
    private const int VirtualOffset = 8;
    private const int PhysicalOffset = 12;
    private const int FileSizeOffset = 16;
    private const int MemorySizeOffset = 20;

    public string Title => $"segment {Index}";

    /// <summary>Reads a program header; other types than PT_LOAD and empty segments give false.</summary>
    public static bool TryRead(ReadOnlySpan<byte> image, int at, int index, out ElfSegment segment)
    {
        ReadOnlySpan<byte> header = image.Slice(at, HeaderBytes);
        uint offset = LittleEndian.UInt32(header, OffsetOffset);
        uint physical = LittleEndian.UInt32(header, PhysicalOffset);
        uint fileSize = LittleEndian.UInt32(header, FileSizeOffset);
        uint memorySize = LittleEndian.UInt32(header, MemorySizeOffset);
        segment = default;
        if (LittleEndian.UInt32(header, 0) != TypeLoad || memorySize == 0)
        {
            return false;
        }

        if (fileSize > memorySize)
        {
            throw new ImageException($"The ELF file's segment {index} has more bytes in the file (p_filesz {fileSize:X}h) than in memory (p_memsz {memorySize:X}h).");
        }

        if ((ulong)offset + fileSize > (ulong)image.Length)
        {
            throw new ImageException(
                $"The ELF file's segment {index} takes {fileSize:X}h bytes at {offset:X}h (p_filesz, p_offset), but the file has only {image.Length:X}h: it is truncated.");
        }

        if (physical + (ulong)memorySize > AddressSpace)
        {
            throw new ImageException($"The ELF file's segment {index} at {physical:X}h (p_paddr) of {memorySize:X}h bytes (p_memsz) runs past 4 GiB.");
        }

        uint address = LittleEndian.UInt32(header, VirtualOffset);
        segment = new ElfSegment(index, (int)offset, (int)fileSize, address, new GuestRange(physical, memorySize));
        return true;
    }

    /// <summary>Translates a virtual address inside the segment's file bytes or zeroed part.</summary>
    public bool TryTranslate(uint address, out uint physical)
    {
        uint distance = address - Virtual;
        physical = (uint)Memory.Start + distance;
        return distance < Memory.Length;
    }

    public void Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        string what = $"The ELF file's {Title}";
        Memory.Fill(memory, image.Slice(FileOffset, FileBytes), what);
        new GuestRange(Memory.Start + (ulong)FileBytes, Memory.Length - (ulong)FileBytes).Clear(memory, what);
    }
}
