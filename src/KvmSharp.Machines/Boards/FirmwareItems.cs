using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What the board tells its firmware through the configuration device.</summary>
internal static class FirmwareItems
{
    private const int MemoryMapEntryBytes = 20; // address and length, 8 bytes each, and a type
    private const uint MemoryIsRam = 1;

    /// <summary>The items with fixed keys.</summary>
    /// <param name="lowMemoryBytes">The RAM below 4 GiB.</param>
    /// <param name="processors">The number of processors.</param>
    public static IReadOnlyDictionary<ushort, ReadOnlyMemory<byte>> Sizes(ulong lowMemoryBytes, int processors) => new Dictionary<ushort, ReadOnlyMemory<byte>>
    {
        [FirmwareKey.RamSize] = Number(lowMemoryBytes, sizeof(ulong)),
        [FirmwareKey.NoScreen] = Number(0, sizeof(ushort)),
        [FirmwareKey.ProcessorCount] = Number((ulong)processors, sizeof(ushort)),
        [FirmwareKey.MostProcessors] = Number((ulong)processors, sizeof(ushort)),
        [FirmwareKey.TimerOverride] = Number(1, sizeof(byte)),
    };

    /// <summary>The files: the memory map, the ACPI tables, the option ROMs, and what the options add or replace.</summary>
    /// <param name="options">What the machine is built from.</param>
    /// <param name="board">The board.</param>
    /// <param name="bus">The PCI bus, complete.</param>
    /// <exception cref="ImageException">An option ROM is none.</exception>
    public static IReadOnlyDictionary<string, ReadOnlyMemory<byte>> Files(PcOptions options, BoardDescription board, PciBus bus)
    {
        AcpiTables acpi = AcpiTables.Of(board);
        uint[] devices = [.. bus.Functions.Select(f => f.ReadConfig(PciRegister.VendorId, sizeof(uint)))];
        var files = new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["etc/e820"] = MemoryMap(board.Ram),
            [AcpiTables.TablesFile] = acpi.Tables,
            [AcpiTables.RsdpFile] = acpi.Rsdp,
            [AcpiTables.ScriptFile] = acpi.LoaderScript(),
        };
        bool hasScreen = false;
        foreach (ImageFile file in options.OptionRoms)
        {
            OptionRom rom = OptionRom.Check(file);
            hasScreen |= rom.IsForScreen;
            files[rom.FileName(devices)] = file.Bytes;
        }

        if (!hasScreen)
        {
            files["etc/sercon-port"] = Number(PcLayout.Com1, sizeof(ushort)); // SeaBIOS then talks to the serial port
        }

        foreach ((string name, ReadOnlyMemory<byte> bytes) in options.FirmwareFiles)
        {
            files[name] = bytes;
        }

        return files;
    }

    /// <summary>Gets the number by which firmware knows something that it can boot from.</summary>
    /// <param name="device">The device.</param>
    public static BiosBootDevice NumberOf(BootDevice device) => device switch
    {
        BootDevice.Floppy => BiosBootDevice.Floppy,
        BootDevice.Disk => BiosBootDevice.HardDisk,
        _ => BiosBootDevice.CdRom,
    };

    // As QEMU gives it: one entry from 0 on, the hole below 1 MiB not left out, and one from 4 GiB on.
    private static byte[] MemoryMap(IReadOnlyList<RamRange> ram)
    {
        RamRange low = ram.Last(r => r.Start < PcLayout.HighMemory);
        var ranges = ram.Where(r => r.Start >= PcLayout.HighMemory).Prepend(new RamRange(0, low.Start + low.Length)).ToList();
        var map = new byte[ranges.Count * MemoryMapEntryBytes];
        for (int i = 0; i < ranges.Count; i++)
        {
            Span<byte> entry = map.AsSpan(i * MemoryMapEntryBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(entry, ranges[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], ranges[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(entry[16..], MemoryIsRam);
        }

        return map;
    }

    private static byte[] Number(ulong value, int bytes)
    {
        var number = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(number, value);
        return number[..bytes];
    }
}
