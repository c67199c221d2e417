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
    private const uint PageBytes = 4096;

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
    private const uint TypeAvailable = 1;

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

        ulong free = PageAlign(firstFree);
        var placed = new List<GuestRange>(modules.Count);
        foreach (ImageFile module in modules)
        {
            var range = new GuestRange(free, (ulong)module.Bytes.Length);
            Place(memory, range, module.Bytes.Span, $"Module {module.Name}");
            placed.Add(range);
            free = PageAlign(range.End);
        }

        byte[] block = Build((uint)free, commandLine, modules, placed, ram);
        Place(memory, new GuestRange(free, (ulong)block.Length), block, "The multiboot information");
        return (uint)free;
    }

    private static byte[] Build(
        uint address, string commandLine, IReadOnlyList<ImageFile> modules, List<GuestRange> placed, IReadOnlyList<RamRange> ram)
    {
        int moduleTable = StructureBytes;
        int map = moduleTable + (placed.Count * ModuleBytes);
        int strings = map + (ram.Count * MapEntryBytes);
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
        Set(MemoryLowerOffset, KibibytesFrom(ram, 0));
        Set(MemoryUpperOffset, KibibytesFrom(ram, PcLayout.ExtendedMemory));
        Set(CommandLineOffset, Store(commandLine));
        Set(ModuleCountOffset, (uint)placed.Count);
        Set(ModulesOffset, address + (uint)moduleTable);
        Set(MapLengthOffset, (uint)(ram.Count * MapEntryBytes));
        Set(MapOffset, address + (uint)map);
        Set(LoaderNameOffset, Store(LoaderName));
        for (int i = 0; i < placed.Count; i++)
        {
            int entry = moduleTable + (i * ModuleBytes);
            Set(entry, (uint)placed[i].Start);
            Set(entry + 4, (uint)placed[i].End);
            Set(entry + 8, Store(modules[i].Name));
        }

        for (int i = 0; i < ram.Count; i++)
        {
            int entry = map + (i * MapEntryBytes);
            Set(entry, MapEntryBytes - sizeof(uint));
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(entry + 4), ram[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(entry + 12), ram[i].Length);
            Set(entry + 20, TypeAvailable);
        }

        return [.. block, .. text.ToArray()];
    }

    private static uint KibibytesFrom(IReadOnlyList<RamRange> ram, ulong start) =>
        (uint)(ram.FirstOrDefault(r => r.Start == start).Length / 1024);

    private static ulong PageAlign(ulong address) => (address + PageBytes - 1) & ~(ulong)(PageBytes - 1);

    private static void Place(IGuestMemory memory, GuestRange range, ReadOnlySpan<byte> bytes, string what)
    {
        if (range.End > uint.MaxValue)
        {
            throw new ImageException($"{what} does not fit below 4 GiB behind the kernel: link the kernel to lower addresses.");
        }

        range.Fill(memory, bytes, what);
    }
}
