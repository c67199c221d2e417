using System.Text;

namespace KvmSharp.Machines;

/// <summary>Encodes QEMU's table-loader commands, which firmware such as SeaBIOS carries out in order: allocate, add addresses, fill in checksums.</summary>
/// <remarks>Each command has 128 bytes. Source: QEMU, hw/acpi/bios-linker-loader.c, the comments on struct BiosLinkerLoaderEntry.</remarks>
internal static class TableLoader
{
    private const int CommandBytes = 128;
    private const int FileNameBytes = 56;
    private const uint Allocate = 1;
    private const uint AddPointer = 2;
    private const uint AddChecksum = 3;
    private const int HighZone = 1;
    private const int FirmwareZone = 2; // below 1 MiB, where the root pointer is looked for
    private const uint TablesAlignment = 64;
    private const uint RsdpAlignment = 16;

    public static byte[] Encode(IEnumerable<TablePointer> pointers, IEnumerable<TableChecksum> checksums)
    {
        var script = new TableWriter();
        Command(script, c => c.DWord(Allocate).Bytes(File(AcpiTables.RsdpFile)).DWord(RsdpAlignment).Byte(FirmwareZone));
        Command(script, c => c.DWord(Allocate).Bytes(File(AcpiTables.TablesFile)).DWord(TablesAlignment).Byte(HighZone));
        foreach (TablePointer p in pointers)
        {
            Command(script, c => c.DWord(AddPointer).Bytes(File(p.File)).Bytes(File(AcpiTables.TablesFile)).DWord((uint)p.Offset).Byte(p.Bytes));
        }

        foreach (TableChecksum s in checksums)
        {
            Command(script, c => c.DWord(AddChecksum).Bytes(File(s.File)).DWord((uint)s.Offset).DWord((uint)s.Start).DWord((uint)s.Length));
        }

        return script.ToArray();
    }

    private static void Command(TableWriter script, Action<TableWriter> write)
    {
        var command = new TableWriter();
        write(command);
        script.Bytes(command.ToArray()).Zeros(CommandBytes - command.Length);
    }

    private static byte[] File(string name)
    {
        var field = new byte[FileNameBytes];
        Encoding.ASCII.GetBytes(name, field);
        return field;
    }
}
