using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>The tables that a flat image in 64-bit mode starts with; the loader builds them in low guest memory.</summary>
/// <remarks>
/// <code>
/// 0800  GDT: null, 08h 64-bit code, 10h data
/// 1000  PML4 table, one entry
/// 2000  page-directory-pointer table, four entries
/// 3000  four page directories: 2048 pages of 2 MiB, writable, supervisor
/// 7000  free; the stack grows down from 7C00
/// </code>
/// The guest may replace them or put them out of use. There is no IDT: an exception before the guest loads one shuts it down.
/// </remarks>
public static class LongModeTables
{
    /// <summary>The guest-physical address of the GDT.</summary>
    public const uint Gdt = 0x800;

    /// <summary>The limit of the GDT: three descriptors.</summary>
    public const ushort GdtLimit = (3 * sizeof(ulong)) - 1;

    /// <summary>The guest-physical address of the PML4 table, for CR3.</summary>
    public const uint Root = 0x1000;

    /// <summary>The first address behind the tables.</summary>
    public const uint End = Directories + (DirectoryCount * TableBytes);

    /// <summary>The selector of the 64-bit code segment.</summary>
    public const ushort CodeSelector = 0x08;

    /// <summary>The selector of the data segment.</summary>
    public const ushort DataSelector = 0x10;

    private const uint Pointers = 0x2000;
    private const uint Directories = 0x3000;
    private const uint TableBytes = 0x1000;
    private const int DirectoryCount = 4;
    private const int EntriesInTable = 512;
    private const int LargePageShift = 21;
    private const ulong Code64 = 0x00AF_9B00_0000_FFFF; // G, L, present, execute/read, accessed
    private const ulong Data = 0x00CF_9300_0000_FFFF;   // G, B, present, read/write, accessed
    private const ulong TableEntry = 0x3;               // present, writable
    private const ulong LargePageEntry = 0x83;          // the same, and PS

    internal static GuestRange Range => new(Gdt, End - Gdt);

    internal static void Write(IGuestMemory memory)
    {
        var bytes = new byte[End - Gdt];
        Put(bytes, Gdt + CodeSelector, Code64);
        Put(bytes, Gdt + DataSelector, Data);
        Put(bytes, Root, Pointers | TableEntry);
        for (uint directory = 0; directory < DirectoryCount; directory++)
        {
            Put(bytes, Pointers + (directory * sizeof(ulong)), (Directories + (directory * TableBytes)) | TableEntry);
        }

        for (uint page = 0; page < DirectoryCount * EntriesInTable; page++)
        {
            Put(bytes, Directories + (page * sizeof(ulong)), ((ulong)page << LargePageShift) | LargePageEntry);
        }

        Range.Fill(memory, bytes, "The page tables of 64-bit mode");
    }

    private static void Put(byte[] bytes, uint address, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan((int)(address - Gdt)), value);
}
