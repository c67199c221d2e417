using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Writes what a Linux kernel is handed: the boot parameters ("zero page"), the command line and a GDT.</summary>
/// <remarks>
/// <code>
/// 10000  boot parameters, one page; ESI or RSI points here
/// 11000  GDT: two nulls, 10h code, 18h data, both flat
/// 20000  command line, up to 64 KiB with its terminating zero
/// </code>
/// Source: Linux, Documentation/arch/x86/zero-page.rst, and boot.rst for the setup header in it.
/// </remarks>
public static class LinuxBootParameters
{
    /// <summary>The guest-physical address of the boot parameters.</summary>
    public const uint Address = 0x1_0000;

    internal const uint Gdt = 0x1_1000;
    internal const ushort GdtLimit = (4 * sizeof(ulong)) - 1;
    internal const ushort CodeSelector = 0x10; // __BOOT_CS
    internal const ushort DataSelector = 0x18; // __BOOT_DS

    private const uint CommandLine = 0x2_0000;
    private const int LongestCommandLine = 0xFFFF;
    private const byte UnknownLoader = 0xFF; // type_of_loader: no number is assigned to us
    private const ulong Code32 = 0x00CF_9B00_0000_FFFF; // G, D, present, execute/read, accessed
    private const ulong Code64 = 0x00AF_9B00_0000_FFFF; // the same with L in place of D
    private const ulong Data = 0x00CF_9300_0000_FFFF;   // G, B, present, read/write, accessed

    // screen_info, at offset 0: the VGA text mode that a PC is in when its firmware is done
    private const int VideoMode = 0x06;
    private const int VideoColumns = 0x07;
    private const int VideoLines = 0x0E;
    private const int VideoIsVga = 0x0F;
    private const int FontHeight = 0x10;
    private const byte TextMode = 3;

    private const int RsdpAddress = 0x70;
    private const int MapEntryCount = 0x1E8;
    private const int Map = 0x2D0;
    private const int MapEntryBytes = 20;

    // The setup header's fields that a loader fills in
    private const int LoaderType = 0x210;
    private const int InitrdAddress = 0x218;
    private const int InitrdSize = 0x21C;
    private const int CommandLinePointer = 0x228;

    internal static void Write(IGuestMemory memory, ReadOnlySpan<byte> image, in LinuxSetupHeader header, LinuxBoot boot, GuestRange? initrd)
    {
        WriteCommandLine(memory, header, boot.CommandLine);
        var page = new byte[PcLayout.PageBytes];
        void Set(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(offset), value);

        image[LinuxSetupHeader.Offset..header.HeaderEnd].CopyTo(page.AsSpan(LinuxSetupHeader.Offset));
        page[LoaderType] = UnknownLoader;
        Set(CommandLinePointer, CommandLine);
        Set(InitrdAddress, (uint)(initrd?.Start ?? 0));
        Set(InitrdSize, (uint)(initrd?.Length ?? 0));
        Set(RsdpAddress, boot.Board.RsdpAddress);
        page[VideoMode] = TextMode;
        page[VideoColumns] = 80;
        page[VideoLines] = 25;
        page[VideoIsVga] = 1;
        page[FontHeight] = 16;
        IReadOnlyList<MemoryMapEntry> map = MemoryMap.Of(boot.Board.Ram);
        page[MapEntryCount] = (byte)map.Count;
        for (int i = 0; i < map.Count; i++)
        {
            Span<byte> entry = page.AsSpan(Map + (i * MapEntryBytes), MapEntryBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, map[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], map[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], (uint)map[i].Type);
        }

        new GuestRange(Address, PcLayout.PageBytes).Fill(memory, page, "The boot parameters");
        WriteGdt(memory, header.Has64BitEntry);
    }

    private static void WriteCommandLine(IGuestMemory memory, in LinuxSetupHeader header, string text)
    {
        byte[] bytes = [.. Encoding.UTF8.GetBytes(text), 0];
        uint longest = Math.Min(header.CommandLineBytes, LongestCommandLine);
        if (bytes.Length - 1 > longest)
        {
            throw new ImageException($"The command line has {bytes.Length - 1} bytes, and this kernel takes {longest} (cmdline_size): shorten it.");
        }

        new GuestRange(CommandLine, (ulong)bytes.Length).Fill(memory, bytes, "The kernel's command line");
    }

    private static void WriteGdt(IGuestMemory memory, bool longMode)
    {
        var table = new byte[GdtLimit + 1];
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(CodeSelector), longMode ? Code64 : Code32);
        BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(DataSelector), Data);
        new GuestRange(Gdt, (ulong)table.Length).Fill(memory, table, "The kernel's first GDT");
    }
}
