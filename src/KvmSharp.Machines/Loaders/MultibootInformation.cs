using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Writes modules and the multiboot information structure into guest memory, behind the kernel.</summary>
/// <remarks>
/// Passed are: memory sizes, command line, modules, memory map and the boot loader's name. Modules always begin on pages.
/// Source: Multiboot Specification 0.6.96, "Boot information format".
/// </remarks>
public static class MultibootInformation
{
    /// <summary>The value of EAX at the entry of a kernel.</summary>
    public const uint BootLoaderMagic = 0x2BADB002;

    private const string LoaderName = "KvmSharp";

    private const uint HasMemory = 1 << 0;
    private const uint HasCommandLine = 1 << 2;
    private const uint HasModules = 1 << 3;
    private const uint HasMemoryMap = 1 << 6;
    private const uint HasLoaderName = 1 << 9;

    // The structure itself; what it points to follows it.
    private const int MemoryLowerOffset = 4;
    private const int MemoryUpperOffset = 8;
    private const int CommandLineOffset = 16;
    private const int ModuleCountOffset = 20;
    private const int ModulesOffset = 24;
    private const int MapLengthOffset = 44;
    private const int MapOffset = 48;
    private const int LoaderNameOffset = 64;
    private const int StructureBytes = 88;

    private const int ModuleBytes = 16; // start, end, string, reserved
    private const int MapEntryBytes = 24; // size (of the rest: 20), base, length, type

    /// <summary>Writes all of it.</summary>
    /// <param name="memory">Guest memory.</param>
    /// <param name="firstFree">The first address above the kernel.</param>
    /// <param name="commandLine">The kernel's command line.</param>
    /// <param name="modules">The modules; each one's string is its name.</param>
    /// <param name="ram">The ranges of RAM, lowest first.</param>
    /// <returns>The physical address of the structure, for EBX.</returns>
    /// <exception cref="ImageException">Memory below 4 GiB has no room for it behind the kernel.</exception>
    public static uint Write(
        IGuestMemory memory, ulong firstFree, string commandLine, IReadOnlyList<ImageFile> modules, IReadOnlyList<RamRange> ram)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(ram);

        var free = new FreeMemory(memory, firstFree);
        IReadOnlyList<GuestRange> placed = free.Place(modules);
        byte[] block = Build((uint)free.Next, commandLine, modules, placed, MemoryMap.Of(ram));
        return (uint)free.Place(block, "The multiboot information").Start;
    }

    private static byte[] Build(
        uint address, string commandLine, IReadOnlyList<ImageFile> modules, IReadOnlyList<GuestRange> placed, IReadOnlyList<MemoryMapEntry> ranges)
    {
        int moduleTable = StructureBytes;
        int map = moduleTable + (placed.Count * ModuleBytes);
        int strings = map + (ranges.Count * MapEntryBytes);
        var text = new MemoryStream();
        uint Store(string s)
        {
            uint at = address + (uint)strings + (uint)text.Length;
            text.Write(Encoding.UTF8.GetBytes(s));
            text.WriteByte(0);
            return at;
        }

        var block = new byte[strings];
        void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(offset), value);

        Set(0, HasMemory | HasCommandLine | HasModules | HasMemoryMap | HasLoaderName);
        Set(MemoryLowerOffset, MemoryMap.KibibytesFrom(ranges, 0));
        Set(MemoryUpperOffset, MemoryMap.KibibytesFrom(ranges, PcLayout.ExtendedMemory));
        Set(CommandLineOffset, Store(commandLine));
        Set(ModuleCountOffset, (uint)placed.Count);
        Set(ModulesOffset, address + (uint)moduleTable);
        Set(MapLengthOffset, (uint)(ranges.Count * MapEntryBytes));
        Set(MapOffset, address + (uint)map);
        Set(LoaderNameOffset, Store(LoaderName));
        for (int i = 0; i < placed.Count; i++)
        {
            int entry = moduleTable + (i * ModuleBytes);
            Set(entry, (uint)placed[i].Start);
            Set(entry + 4, (uint)placed[i].End);
            Set(entry + 8, Store(modules[i].Name));
        }

        for (int i = 0; i < ranges.Count; i++)
        {
            int entry = map + (i * MapEntryBytes);
            Set(entry, MapEntryBytes - sizeof(uint));
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(entry + 4), ranges[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(entry + 12), ranges[i].Length);
            Set(entry + 20, (uint)ranges[i].Type);
        }

        return [.. block, .. text.ToArray()];
    }
}
