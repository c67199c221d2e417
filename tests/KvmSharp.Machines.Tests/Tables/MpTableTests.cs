using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Machines.Tests;

public class MpTableTests
{
    private const uint Address = 0xF_0040;

    private static readonly byte[] Bytes = MpTable.Encode(new BoardDescription { Ram = PcLayout.Ram(64 << 20), Processors = 2, HasApic = true }, Address);

    [Fact]
    public void Encode_Pointer_NamesTheTable()
    {
        Encoding.ASCII.GetString(Bytes, 0, 4).Should().Be("_MP_");
        BinaryPrimitives.ReadUInt32LittleEndian(Bytes.AsSpan(4)).Should().Be(Address + 16);
        ((byte)Bytes[..16].Sum(b => b)).Should().Be(0);
    }

    [Fact]
    public void Encode_Table_HasItsLengthCountAndChecksum()
    {
        byte[] table = Bytes[16..];
        Encoding.ASCII.GetString(table, 0, 4).Should().Be("PCMP");
        BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(4)).Should().Be((ushort)table.Length);
        ((byte)table.Sum(b => b)).Should().Be(0);
        BinaryPrimitives.ReadUInt16LittleEndian(table.AsSpan(34)).Should().Be((ushort)Entries().Count);
    }

    [Fact]
    public void Encode_Processors_AreTheFirstEntriesAndOneBoots() =>
        Entries().Where(e => e[0] == 0).Select(e => (e[1], e[3])).Should().Equal((0, 3), (1, 1));

    [Fact]
    public void Encode_TimerAndSci_AreWiredAsInMadt()
    {
        List<byte[]> lines = [.. Entries().Where(e => e[0] == 3)];
        lines.Single(e => e[4] == 1 && e[5] == 0)[7].Should().Be(2, "the timer arrives at pin 2");
        lines.Single(e => e[4] == 1 && e[5] == 9)[2].Should().Be(0x0D, "SCI is level-triggered, active high");
    }

    [Theory]
    [InlineData(1, 0, 10)]
    [InlineData(3, 0, 11)]
    [InlineData(2, 1, 11)]
    [InlineData(5, 3, 11)]
    public void Encode_PciPin_LeadsWhereThePirqIsRouted(int slot, int pin, int line) =>
        Entries().Single(e => e[0] == 3 && e[4] == 0 && e[5] == ((slot << 2) | pin))[7].Should().Be((byte)line);

    private static List<byte[]> Entries()
    {
        var entries = new List<byte[]>();
        for (int at = 16 + 44; at < Bytes.Length; at += entries[^1].Length)
        {
            entries.Add(Bytes[at..(at + (Bytes[at] == 0 ? 20 : 8))]);
        }

        return entries;
    }
}
