using System.Collections.Concurrent;

namespace KvmSharp.Machines;

/// <summary>The ACPI tables of the board, complete but for the address they will lie at.</summary>
/// <remarks>
/// They are two pieces: the tables, and the root pointer (RSDP), which must lie where systems look for it. A pointer in a piece holds the distance into the
/// piece it points to; who knows the addresses adds them, then fills in the checksums. For a kernel that is booted without firmware that is
/// <see cref="Place"/>; firmware does the same by <see cref="LoaderScript"/>. Source: ACPI 6.4, "ACPI Software Programming Model".
/// </remarks>
public sealed class AcpiTables
{
    /// <summary>The fw_cfg file with the tables.</summary>
    public const string TablesFile = "etc/acpi/tables";

    /// <summary>The fw_cfg file with the root pointer.</summary>
    public const string RsdpFile = "etc/acpi/rsdp";

    /// <summary>The fw_cfg file that tells firmware what to do with the other two.</summary>
    public const string ScriptFile = "etc/table-loader";

    private const int HeaderChecksum = 9; // its offset in every table with a common header
    private const int RsdpBytes = 36;
    private const int FirstRsdpBytes = 20; // what ACPI 1.0 knew has a checksum of its own
    private const int FirstRsdpChecksum = 8;
    private const int RsdtPointer = 16;
    private const int XsdtPointer = 24;
    private const int RsdpChecksum = 32;

    private static readonly ConcurrentDictionary<(int Processors, bool HasApic, bool HasFloppy), AcpiTables> Made = new();

    private readonly TableWriter _tables = new();
    private readonly List<TablePointer> _pointers = [];
    private readonly List<TableChecksum> _checksums = [];
    private readonly byte[] _script;

    private AcpiTables(BoardDescription board)
    {
        int facs = AddFacs();
        int dsdt = Add("DSDT", revision: 2, Dsdt.Encode(board));
        List<int> listed = [AddFadt(facs, dsdt)];
        if (board.HasApic)
        {
            listed.Add(Add("APIC", Madt.Revision, Madt.Encode(board)));
        }

        int rsdt = AddRoot("RSDT", listed, sizeof(uint));
        int xsdt = AddRoot("XSDT", listed, sizeof(ulong));
        Tables = _tables.ToArray();
        Rsdp = BuildRsdp(rsdt, xsdt);
        _script = TableLoader.Encode(_pointers, _checksums);
    }

    /// <summary>Gets the tables; they begin on a multiple of 64, which the FACS needs.</summary>
    public ReadOnlyMemory<byte> Tables { get; }

    /// <summary>Gets the root pointer; it begins on a multiple of 16.</summary>
    public ReadOnlyMemory<byte> Rsdp { get; }

    /// <summary>Gives the tables of a board. Boards that differ in nothing that the tables tell share them.</summary>
    /// <param name="board">The board.</param>
    /// <returns>The tables.</returns>
    public static AcpiTables Of(BoardDescription board)
    {
        ArgumentNullException.ThrowIfNull(board);
        return Made.GetOrAdd((board.Processors, board.HasApic, board.HasFloppy), static (_, board) => new AcpiTables(board), board);
    }

    /// <summary>Writes both pieces into guest memory, pointers and checksums filled in.</summary>
    /// <param name="memory">Guest memory.</param>
    /// <param name="rsdpAddress">Where the root pointer goes: a multiple of 16 from E0000h to FFFFFh.</param>
    /// <param name="tablesAddress">Where the tables go: a multiple of 64.</param>
    /// <returns><see langword="false"/> when there is no memory at one of the addresses.</returns>
    public bool Place(IGuestMemory memory, uint rsdpAddress, uint tablesAddress)
    {
        ArgumentNullException.ThrowIfNull(memory);
        byte[] tables = Tables.ToArray();
        byte[] rsdp = Rsdp.ToArray();
        byte[] Piece(string file) => file == RsdpFile ? rsdp : tables;
        foreach (TablePointer pointer in _pointers)
        {
            TableWriter.AddToPointer(Piece(pointer.File).AsSpan(pointer.Offset, pointer.Bytes), tablesAddress);
        }

        foreach (TableChecksum checksum in _checksums)
        {
            byte[] piece = Piece(checksum.File);
            piece[checksum.Offset] = TableWriter.Checksum(piece.AsSpan(checksum.Start, checksum.Length));
        }

        return memory.TryWrite(tablesAddress, tables) && memory.TryWrite(rsdpAddress, rsdp);
    }

    /// <summary>Gives the commands by which firmware places the two files.</summary>
    /// <returns>The content of the file <see cref="ScriptFile"/>.</returns>
    public ReadOnlyMemory<byte> LoaderScript() => _script;

    private int Add(string signature, int revision, byte[] content)
    {
        int at = _tables.Length;
        int length = AcpiHeader.Bytes + content.Length;
        _tables.Bytes(AcpiHeader.Encode(signature, revision, length)).Bytes(content);
        _checksums.Add(new TableChecksum(TablesFile, at + HeaderChecksum, at, length));
        return at;
    }

    // The memory that system and firmware share; it has neither the common header nor a checksum.
    private int AddFacs()
    {
        const int Length = 64;
        int at = _tables.Length;
        _tables.Text("FACS", 4).DWord(Length).Zeros(24).Byte(1).Zeros(Length - 33); // version 1
        return at;
    }

    private int AddFadt(int facs, int dsdt)
    {
        int at = Add("FACP", Fadt.Revision, Fadt.Encode((uint)facs, (uint)dsdt));
        _pointers.Add(new TablePointer(TablesFile, at + Fadt.FacsOffset, sizeof(uint)));
        _pointers.Add(new TablePointer(TablesFile, at + Fadt.DsdtOffset, sizeof(uint)));
        _pointers.Add(new TablePointer(TablesFile, at + Fadt.ExtendedDsdtOffset, sizeof(ulong)));
        return at;
    }

    private int AddRoot(string signature, List<int> listed, int pointerBytes)
    {
        var content = new TableWriter();
        foreach (int table in listed)
        {
            content.DWord((uint)table).Zeros(pointerBytes - sizeof(uint));
        }

        int at = Add(signature, revision: 1, content.ToArray());
        for (int i = 0; i < listed.Count; i++)
        {
            _pointers.Add(new TablePointer(TablesFile, at + AcpiHeader.Bytes + (i * pointerBytes), pointerBytes));
        }

        return at;
    }

    private byte[] BuildRsdp(int rsdt, int xsdt)
    {
        byte[] rsdp = new TableWriter().Text("RSD PTR ", 8).Byte(0).Text(AcpiHeader.Maker, 6).Byte(2) // revision 2: with an XSDT
            .DWord((uint)rsdt).DWord(RsdpBytes).QWord((ulong)xsdt).Zeros(4).ToArray();
        _pointers.Add(new TablePointer(RsdpFile, RsdtPointer, sizeof(uint)));
        _pointers.Add(new TablePointer(RsdpFile, XsdtPointer, sizeof(ulong)));
        _checksums.Add(new TableChecksum(RsdpFile, FirstRsdpChecksum, 0, FirstRsdpBytes));
        _checksums.Add(new TableChecksum(RsdpFile, RsdpChecksum, 0, RsdpBytes));
        return rsdp;
    }
}

/// <summary>A field that points into the tables.</summary>
/// <param name="File">The piece it is in.</param>
/// <param name="Offset">Where in it.</param>
/// <param name="Bytes">4 or 8.</param>
internal readonly record struct TablePointer(string File, int Offset, int Bytes);

/// <summary>A byte that makes the sum of a range zero.</summary>
/// <param name="File">The piece it is in.</param>
/// <param name="Offset">Where in it.</param>
/// <param name="Start">Where the range begins.</param>
/// <param name="Length">How long it is.</param>
internal readonly record struct TableChecksum(string File, int Offset, int Start, int Length);
