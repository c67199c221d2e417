using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>
/// An ELF file's section headers for the kernel itself, as multiboot passes them: sections that no segment loads, such as the
/// symbols, are put behind the kernel, and their headers are given the address.
/// </summary>
/// <param name="Headers">The headers, one after the other.</param>
/// <param name="Count">How many there are.</param>
/// <param name="HeaderBytes">The size of one.</param>
/// <param name="Names">The number of the section that holds the names (e_shstrndx).</param>
internal sealed record ElfSections(byte[] Headers, int Count, int HeaderBytes, int Names)
{
    private const int TypeOffset = 4;
    private const uint TypeNoBits = 8; // SHT_NOBITS: holds no bytes in the file

    /// <summary>Reads the headers and loads what is not loaded yet; null for a file without sections.</summary>
    public static ElfSections? Load(ReadOnlySpan<byte> image, FreeMemory free)
    {
        ElfLayout layout = ElfFile.Read(image).Layout;
        ulong table = layout.Address(image, layout.SectionTable);
        int size = LittleEndian.UInt16(image, layout.SectionHeaderSize);
        int count = LittleEndian.UInt16(image, layout.SectionCount);
        if (table == 0 || count == 0)
        {
            return null;
        }

        ulong bytes = (ulong)size * (ulong)count;
        if (size < layout.SectionHeaderBytes || bytes > (ulong)image.Length || table > (ulong)image.Length - bytes)
        {
            throw new ImageException(
                $"The ELF file's {count} section headers of {size} bytes at {table:X}h do not fit the file: it is truncated, or e_shoff, e_shentsize or e_shnum is wrong.");
        }

        byte[] headers = image.Slice((int)table, (int)bytes).ToArray();
        LoadOthers(image, layout, headers, size, free);
        return new ElfSections(headers, count, size, LittleEndian.UInt16(image, layout.SectionNames));
    }

    private static void LoadOthers(ReadOnlySpan<byte> image, ElfLayout layout, byte[] headers, int size, FreeMemory free)
    {
        ulong left = (ulong)image.Length; // no byte of the file belongs to two sections, so together they are no larger
        for (int at = 0; at < headers.Length; at += size)
        {
            Span<byte> header = headers.AsSpan(at, size);
            ulong offset = layout.Address(header, layout.SectionOffset);
            ulong length = layout.Address(header, layout.SectionSize);
            bool elsewhere = layout.Address(header, layout.SectionAddress) == 0 && length > 0 && LittleEndian.UInt32(header, TypeOffset) is not (0 or TypeNoBits);
            if (!elsewhere)
            {
                continue;
            }

            if (length > left || offset > (ulong)image.Length - length)
            {
                throw new ImageException($"The ELF file's section {at / size} takes {length:X}h bytes at {offset:X}h, which the file has not: it is truncated, or sections overlap.");
            }

            left -= length;
            GuestRange range = free.Place(image.Slice((int)offset, (int)length), $"The ELF file's section {at / size}");
            BinaryPrimitives.WriteUInt32LittleEndian(header[layout.SectionAddress..], (uint)range.Start);
        }
    }
}
