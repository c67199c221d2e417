using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Loads an ELF kernel with a PVH note, such as Linux's vmlinux, and what the protocol hands to it.</summary>
/// <remarks>
/// It is entered in 32-bit protected mode, paging off, with EBX pointing to hvm_start_info, which lies behind the kernel and its
/// modules. Source: Xen, "x86/HVM direct boot ABI", and xen/include/public/arch-x86/hvm/start_info.h for the structures.
/// </remarks>
public static class PvhImage
{
    private const uint Magic = 0x336E_C578;
    private const uint Version = 1; // the first with a memory map

    // struct hvm_start_info
    private const int VersionOffset = 4;
    private const int ModuleCountOffset = 12;
    private const int ModulesOffset = 16;
    private const int CommandLineOffset = 24;
    private const int RsdpOffset = 32;
    private const int MapOffset = 40;
    private const int MapCountOffset = 48;
    private const int StructureBytes = 56;

    private const int ModuleBytes = 32;   // address, size, command line, reserved
    private const int MapEntryBytes = 24; // address, size, type, reserved

    /// <summary>Tells whether an ELF file has the note.</summary>
    /// <param name="image">The whole file.</param>
    /// <returns>Whether it can be loaded here.</returns>
    /// <exception cref="ImageException">The ELF file is malformed.</exception>
    public static bool HasNote(ReadOnlySpan<byte> image) => PvhNote.TryFindEntry(image, out _);

    /// <summary>Loads a kernel.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="commandLine">Its command line.</param>
    /// <param name="modules">The modules; the first one is Linux's initial RAM disk.</param>
    /// <param name="board">The machine.</param>
    /// <returns>What was loaded, and the address of hvm_start_info for EBX.</returns>
    /// <exception cref="ImageException">There is no note, a header field is wrong, or something does not fit.</exception>
    public static (LoadedImage Kernel, uint StartInformation) Load(
        ReadOnlySpan<byte> image, IGuestMemory memory, string commandLine, IReadOnlyList<ImageFile> modules, BoardDescription board)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(board);
        ElfFile file = ElfFile.Read(image);
        if (!PvhNote.TryFindEntry(image, out ulong entry))
        {
            throw new ImageException("The ELF file has no PVH note (XEN_ELFNOTE_PHYS32_ENTRY): build a Linux kernel with CONFIG_PVH, or boot its bzImage.");
        }

        if (!file.IsLoaded(entry))
        {
            throw new ImageException($"The kernel's PVH note names the entry {entry:X}h, which lies outside all segments: the file is damaged.");
        }

        file.Load(image, memory);
        var free = new FreeMemory(memory, file.End);
        IReadOnlyList<GuestRange> placed = free.Place(modules);
        byte[] block = Build((uint)free.Next, commandLine, modules, placed, board);
        uint information = (uint)free.Place(block, "The PVH start information").Start;
        return (new LoadedImage { Format = ImageFormat.Pvh, Entry = (uint)entry, End = free.Next, Mode = StartMode.Protected32 }, information);
    }

    private static byte[] Build(uint address, string commandLine, IReadOnlyList<ImageFile> modules, IReadOnlyList<GuestRange> placed, BoardDescription board)
    {
        IReadOnlyList<MemoryMapEntry> map = MemoryMap.Of(board.Ram);
        int moduleTable = StructureBytes;
        int mapTable = moduleTable + (placed.Count * ModuleBytes);
        int strings = mapTable + (map.Count * MapEntryBytes);
        var text = new MemoryStream();
        var block = new byte[strings];
        void Set32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(offset), value);
        void Set64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(offset), value);
        ulong Store(string s)
        {
            ulong at = address + (ulong)strings + (ulong)text.Length;
            text.Write(Encoding.UTF8.GetBytes(s));
            text.WriteByte(0);
            return at;
        }

        Set32(0, Magic);
        Set32(VersionOffset, Version);
        Set32(ModuleCountOffset, (uint)placed.Count);
        Set64(ModulesOffset, placed.Count == 0 ? 0 : address + (ulong)moduleTable);
        Set64(CommandLineOffset, Store(commandLine));
        Set64(RsdpOffset, board.RsdpAddress);
        Set64(MapOffset, address + (ulong)mapTable);
        Set32(MapCountOffset, (uint)map.Count);
        for (int i = 0; i < placed.Count; i++)
        {
            int entry = moduleTable + (i * ModuleBytes);
            Set64(entry, placed[i].Start);
            Set64(entry + 8, placed[i].Length);
            Set64(entry + 16, Store(modules[i].Name));
        }

        for (int i = 0; i < map.Count; i++)
        {
            int entry = mapTable + (i * MapEntryBytes);
            Set64(entry, map[i].Start);
            Set64(entry + 8, map[i].Length);
            Set32(entry + 16, (uint)map[i].Type);
        }

        return [.. block, .. text.ToArray()];
    }
}
