using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines.Tests;

public class AcpiTablesTests
{
    private const uint RsdpAddress = 0xF_0000;
    private const uint TablesAddress = 0xE_0000;

    private readonly ArrayMemory _memory = new(1 << 20);

    private static BoardDescription Board => new() { Ram = PcLayout.Ram(64 << 20), Processors = 2, HasApic = true, HasFloppy = true };

    [Fact]
    public void Place_RootPointer_HasBothChecksumsAndBothRoots()
    {
        Place(Board);

        Text(RsdpAddress, 8).Should().Be("RSD PTR ");
        Sum(RsdpAddress, 20).Should().Be(0);
        Sum(RsdpAddress, 36).Should().Be(0);
        Text(Word(RsdpAddress + 16), 4).Should().Be("RSDT");
        Text(Word(RsdpAddress + 24), 4).Should().Be("XSDT");
        Word(RsdpAddress + 28).Should().Be(0, "the high half of a 64-bit address");
    }

    [Fact]
    public void Place_EveryTable_IsReachedAndSumsToZero()
    {
        Place(Board);

        uint rsdt = Word(RsdpAddress + 16);
        uint xsdt = Word(RsdpAddress + 24);
        uint[] listed = [.. Enumerable.Range(0, (int)(Word(rsdt + 4) - 36) / 4).Select(i => Word(rsdt + 36 + (4 * (uint)i)))];
        uint[] listedLong = [.. Enumerable.Range(0, (int)(Word(xsdt + 4) - 36) / 8).Select(i => Word(xsdt + 36 + (8 * (uint)i)))];
        listedLong.Should().Equal(listed);
        listed.Select(t => Text(t, 4)).Should().Equal("FACP", "APIC");
        uint dsdt = Word(listed[0] + 40);
        Text(dsdt, 4).Should().Be("DSDT");
        Word(listed[0] + 140).Should().Be(dsdt, "X_DSDT");
        foreach (uint table in listed.Append(rsdt).Append(xsdt).Append(dsdt))
        {
            Sum(table, (int)Word(table + 4)).Should().Be(0, Text(table, 4));
        }

        uint facs = Word(listed[0] + 36);
        (Text(facs, 4), Word(facs + 4), facs % 64).Should().Be(("FACS", 64u, 0u));
    }

    [Fact]
    public void Place_FixedTable_NamesTheRegisters()
    {
        uint fadt = Table("FACP", Board);

        Word(fadt + 4).Should().Be(244);
        Half(fadt + 46).Should().Be(9, "SCI");
        (Word(fadt + 48), _memory.Bytes[fadt + 52], _memory.Bytes[fadt + 53]).Should().Be((0xB2, (byte)0xF1, (byte)0xF0));
        (Word(fadt + 56), Word(fadt + 64), Word(fadt + 76), Word(fadt + 80)).Should().Be((0x600, 0x604, 0x608, 0xAFE0));
        (Word(fadt + 120), _memory.Bytes[fadt + 128]).Should().Be((0xCF9, (byte)6), "the reset register and what to write");
        (Word(fadt + 152), Word(fadt + 176), Word(fadt + 212), Word(fadt + 224)).Should().Be((0x600, 0x604, 0x608, 0xAFE0), "the same once more as 64-bit addresses");
    }

    [Fact]
    public void Place_InterruptTable_ListsProcessorsAndOverrides()
    {
        uint madt = Table("APIC", Board);

        Word(madt + 36).Should().Be(0xFEE0_0000);
        List<byte[]> entries = [];
        for (int at = (int)madt + 44; at < madt + Word(madt + 4); at += _memory.Bytes[at + 1])
        {
            entries.Add(_memory.Bytes[at..(at + _memory.Bytes[at + 1])]);
        }

        entries.Where(e => e[0] == 0).Select(e => (e[3], e[4])).Should().Equal((0, 1), (1, 1));
        entries.Single(e => e[0] == 1).Should().Equal(1, 12, 2, 0, 0, 0, 0xC0, 0xFE, 0, 0, 0, 0);
        entries.Where(e => e[0] == 2).Select(e => (e[3], e[4], e[8])).Should().Equal((0, 2, 0), (5, 5, 0xD), (9, 9, 0xD), (10, 10, 0xD), (11, 11, 0xD));
        entries.Single(e => e[0] == 4).Should().Equal(4, 6, 0xFF, 0, 0, 1);
    }

    [Fact]
    public void Place_BoardWithoutApics_HasNoInterruptTable() => Tables(Board with { HasApic = false }).Should().Equal("FACP");

    [Fact]
    public void LoaderScript_CarriedOutAsFirmwareDoes_GivesTheSameBytes()
    {
        AcpiTables tables = Place(Board);
        var files = new Dictionary<string, (byte[] Bytes, uint Address)>
        {
            [AcpiTables.RsdpFile] = (tables.Rsdp.ToArray(), RsdpAddress),
            [AcpiTables.TablesFile] = (tables.Tables.ToArray(), TablesAddress),
        };
        byte[] script = tables.LoaderScript().ToArray();
        var allocated = new List<string>();
        (script.Length % 128).Should().Be(0);

        foreach (byte[] command in script.Chunk(128))
        {
            string file = Encoding.ASCII.GetString(command, 4, 56).TrimEnd('\0');
            Span<byte> bytes = files[file].Bytes;
            switch (BinaryPrimitives.ReadUInt32LittleEndian(command))
            {
                case 1:
                    allocated.Add(file);
                    break;
                case 2:
                    (string target, int at, int size) = (Encoding.ASCII.GetString(command, 60, 56).TrimEnd('\0'), BitConverter.ToInt32(command, 116), command[120]);
                    allocated.Should().Contain([file, target]);
                    var field = new byte[8];
                    bytes.Slice(at, size).CopyTo(field);
                    BinaryPrimitives.WriteUInt64LittleEndian(field, BinaryPrimitives.ReadUInt64LittleEndian(field) + files[target].Address);
                    field.AsSpan(0, size).CopyTo(bytes[at..]);
                    break;
                case 3:
                    (int sumAt, int start, int length) = (BitConverter.ToInt32(command, 60), BitConverter.ToInt32(command, 64), BitConverter.ToInt32(command, 68));
                    bytes[sumAt] -= (byte)bytes.Slice(start, length).ToArray().Sum(b => b);
                    break;
                default:
                    throw new InvalidOperationException("no such command");
            }
        }

        files[AcpiTables.RsdpFile].Bytes.Should().Equal(_memory.Bytes[0xF_0000..0xF_0024]);
        files[AcpiTables.TablesFile].Bytes.Should().Equal(_memory.Bytes[0xE_0000..(0xE_0000 + tables.Tables.Length)]);
    }

    [IaslFact]
    public void Dsdt_DisassembledAndCompiledAgain_HasNoErrorsOrWarnings()
    {
        string folder = Directory.CreateTempSubdirectory("kvmsharp-acpi").FullName;
        try
        {
            foreach (string name in new[] { "FACP", "APIC", "DSDT" })
            {
                uint table = Table(name, Board);
                string path = Path.Combine(folder, $"{name}.dat");
                File.WriteAllBytes(path, _memory.Bytes[(int)table..(int)(table + Word(table + 4))]);
                IaslFactAttribute.Run($"-d {path}", out string output).Should().BeTrue(output);
                output.Should().NotContainAny("Error", "Warning", "Invalid", "incorrect");
            }

            // 3168: Processor() is called legacy, which is why older systems know it.
            IaslFactAttribute.Run($"-vw 3168 -p {Path.Combine(folder, "again")} {Path.Combine(folder, "DSDT.dsl")}", out string compiled).Should().BeTrue(compiled);
            compiled.Should().Contain("0 Errors, 0 Warnings");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private AcpiTables Place(BoardDescription board)
    {
        AcpiTables tables = AcpiTables.Of(board);
        tables.Place(_memory, RsdpAddress, TablesAddress).Should().BeTrue();
        return tables;
    }

    private string[] Tables(BoardDescription board)
    {
        Place(board);
        uint rsdt = Word(RsdpAddress + 16);
        return [.. Enumerable.Range(0, (int)(Word(rsdt + 4) - 36) / 4).Select(i => Text(Word(rsdt + 36 + (4 * (uint)i)), 4))];
    }

    private uint Table(string name, BoardDescription board)
    {
        int index = Array.IndexOf(Tables(board), name);
        uint rsdt = Word(RsdpAddress + 16);
        return index < 0 ? Word(Word(rsdt + 36) + 40) : Word(rsdt + 36 + (4 * (uint)index)); // the DSDT hangs on the FADT
    }

    private byte Sum(uint address, int length) => (byte)_memory.Bytes.AsSpan((int)address, length).ToArray().Sum(b => b);

    private uint Word(uint address) => BinaryPrimitives.ReadUInt32LittleEndian(_memory.Bytes.AsSpan((int)address));

    private ushort Half(uint address) => BinaryPrimitives.ReadUInt16LittleEndian(_memory.Bytes.AsSpan((int)address));

    private string Text(uint address, int length) => Encoding.ASCII.GetString(_memory.Bytes, (int)address, length);
}
