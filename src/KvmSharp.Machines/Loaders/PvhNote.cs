namespace KvmSharp.Machines;

/// <summary>Finds the note by which an ELF kernel says that it can be entered by the PVH protocol, and where.</summary>
/// <remarks>Source: Xen, "x86/HVM direct boot ABI", and System V ABI, "Note Section". A note that is cut off ends its segment.</remarks>
internal static class PvhNote
{
    private const uint TypeNote = 4;              // PT_NOTE
    private const uint Physical32Entry = 18;      // XEN_ELFNOTE_PHYS32_ENTRY
    private const int NoteHeaderBytes = 12;       // sizes of name and descriptor, type
    private const int Alignment = sizeof(uint);

    /// <summary>Finds the entry.</summary>
    /// <returns>False when no note names one.</returns>
    /// <exception cref="ImageException">The program headers lie outside the file, or the note's descriptor is no address.</exception>
    public static bool TryFindEntry(ReadOnlySpan<byte> image, out ulong entry)
    {
        ElfLayout layout = ElfFile.Read(image).Layout;
        (int table, int size, int count) = ElfFile.SegmentTable(image, layout);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = image.Slice(table + (i * size), layout.SegmentHeaderBytes);
            ulong offset = layout.Address(header, layout.SegmentOffset);
            if (LittleEndian.UInt32(header, 0) == TypeNote && offset < (ulong)image.Length)
            {
                ulong length = Math.Min(layout.Address(header, layout.SegmentFileSize), (ulong)image.Length - offset);
                if (TryFindIn(image.Slice((int)offset, (int)length), out entry))
                {
                    return true;
                }
            }
        }

        entry = 0;
        return false;
    }

    private static bool TryFindIn(ReadOnlySpan<byte> notes, out ulong entry)
    {
        entry = 0;
        while (notes.Length >= NoteHeaderBytes)
        {
            uint nameBytes = LittleEndian.UInt32(notes, 0);
            uint descriptorBytes = LittleEndian.UInt32(notes, 4);
            uint type = LittleEndian.UInt32(notes, 8);
            ulong descriptor = NoteHeaderBytes + Align(nameBytes);
            if (descriptor + descriptorBytes > (ulong)notes.Length)
            {
                return false;
            }

            ReadOnlySpan<byte> name = notes.Slice(NoteHeaderBytes, (int)nameBytes);
            if (type == Physical32Entry && name.SequenceEqual("Xen\0"u8))
            {
                entry = ReadEntry(notes.Slice((int)descriptor, (int)descriptorBytes));
                return true;
            }

            notes = notes[(int)Math.Min(descriptor + Align(descriptorBytes), (ulong)notes.Length)..];
        }

        return false;
    }

    private static ulong ReadEntry(ReadOnlySpan<byte> descriptor) => descriptor.Length switch
    {
        sizeof(uint) => LittleEndian.UInt32(descriptor, 0),
        sizeof(ulong) => LittleEndian.UInt64(descriptor, 0),
        _ => throw new ImageException($"The kernel's PVH note (XEN_ELFNOTE_PHYS32_ENTRY) has {descriptor.Length} bytes, and an address has 4 or 8: the file is damaged."),
    };

    private static ulong Align(uint bytes) => ((ulong)bytes + Alignment - 1) & ~(ulong)(Alignment - 1);
}
