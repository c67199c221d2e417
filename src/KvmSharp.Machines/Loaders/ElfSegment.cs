namespace KvmSharp.Machines;

/// <summary>One PT_LOAD program header whose numbers have been checked against the file and the 32-bit address space.</summary>
/// <param name="Index">Its number in the table.</param>
/// <param name="FileOffset">Where its bytes are in the file.</param>
/// <param name="FileBytes">How many of them there are; the rest of the memory is zeroed.</param>
/// <param name="Virtual">The virtual address of its first byte.</param>
/// <param name="Memory">The physical addresses it takes.</param>
internal readonly record struct ElfSegment(int Index, int FileOffset, int FileBytes, ulong Virtual, GuestRange Memory)
{
    private const uint TypeLoad = 1; // PT_LOAD
    private const ulong AddressSpace = 1UL << 32;

    public string Title => $"segment {Index}";

    /// <summary>Reads a program header; other types than PT_LOAD and empty segments give false.</summary>
    public static bool TryRead(ReadOnlySpan<byte> image, ElfLayout layout, int at, int index, out ElfSegment segment)
    {
        ReadOnlySpan<byte> header = image.Slice(at, layout.SegmentHeaderBytes);
        ulong offset = layout.Address(header, layout.SegmentOffset);
        ulong physical = layout.Address(header, layout.SegmentPhysical);
        ulong fileSize = layout.Address(header, layout.SegmentFileSize);
        ulong memorySize = layout.Address(header, layout.SegmentMemorySize);
        segment = default;
        if (LittleEndian.UInt32(header, 0) != TypeLoad || memorySize == 0)
        {
            return false;
        }

        if (fileSize > memorySize)
        {
            throw new ImageException($"The ELF file's segment {index} has more bytes in the file (p_filesz {fileSize:X}h) than in memory (p_memsz {memorySize:X}h).");
        }

        ulong length = (ulong)image.Length;
        if (fileSize > length || offset > length - fileSize)
        {
            throw new ImageException(
                $"The ELF file's segment {index} takes {fileSize:X}h bytes at {offset:X}h (p_filesz, p_offset), but the file has only {image.Length:X}h: it is truncated.");
        }

        if (memorySize > AddressSpace || physical > AddressSpace - memorySize)
        {
            throw new ImageException($"The ELF file's segment {index} at {physical:X}h (p_paddr) of {memorySize:X}h bytes (p_memsz) runs past 4 GiB.");
        }

        ulong address = layout.Address(header, layout.SegmentVirtual);
        segment = new ElfSegment(index, (int)offset, (int)fileSize, address, new GuestRange(physical, memorySize));
        return true;
    }

    /// <summary>Translates a virtual address inside the segment's file bytes or zeroed part.</summary>
    public bool TryTranslate(ulong address, out uint physical)
    {
        ulong distance = address - Virtual;
        physical = (uint)(Memory.Start + distance);
        return distance < Memory.Length;
    }

    public void Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        string what = $"The ELF file's {Title}";
        Memory.Fill(memory, image.Slice(FileOffset, FileBytes), what);
        new GuestRange(Memory.Start + (ulong)FileBytes, Memory.Length - (ulong)FileBytes).Clear(memory, what);
    }
}
