using System.Text;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

public class PacketTests
{
    [Theory]
    [InlineData("$g#67", "g")]
    [InlineData("++-$g#67", "g")]
    [InlineData("$m0,4#fd", "m0,4")]
    [InlineData("$X0,1:}\u0003#9f", "X0,1:#")] // an escaped number sign
    [InlineData("$half$g#67", "g")] // the end of the first was lost
    [InlineData("$#00", "")]
    public void Take_WholePacket_GivesItsData(string bytes, string data)
    {
        Last(bytes, out string got).Should().Be(PacketEvent.Packet);
        got.Should().Be(data);
    }

    [Theory]
    [InlineData("$g#68")]
    [InlineData("$g#6x")]
    [InlineData("$g#xx")]
    public void Take_WrongChecksum_IsDamaged(string bytes) => Last(bytes, out _).Should().Be(PacketEvent.Damaged);

    [Fact]
    public void Take_TooLongPacket_IsDamagedAndTheNextIsWhole()
    {
        var decoder = new PacketDecoder();
        decoder.Take((byte)'$', out _);
        for (int i = 0; i < 1_000_000; i++)
        {
            decoder.Take((byte)'0', out _);
        }

        Last(decoder, "#00", out _).Should().Be(PacketEvent.Damaged);
        Last(decoder, "$g#67", out string data).Should().Be(PacketEvent.Packet);
        data.Should().Be("g");
    }

    [Fact]
    public void Take_InterruptByte_CountsBetweenPacketsOnly()
    {
        Last("\u0003", out _).Should().Be(PacketEvent.Interrupt);
        Last("$\u0003#03", out string data).Should().Be(PacketEvent.Packet);
        data.Should().Be("\u0003");
    }

    [Fact]
    public void Encode_EveryByte_ComesBackTheSame()
    {
        string all = string.Concat(Enumerable.Range(0, 256).Select(i => (char)i));
        Last(Encoding.Latin1.GetString(PacketEncoder.Encode(all)), out string data).Should().Be(PacketEvent.Packet);
        data.Should().Be(all);
    }

    private static PacketEvent Last(string bytes, out string data) => Last(new PacketDecoder(), bytes, out data);

    private static PacketEvent Last(PacketDecoder decoder, string bytes, out string data)
    {
        var last = PacketEvent.None;
        data = string.Empty;
        foreach (byte value in Encoding.Latin1.GetBytes(bytes))
        {
            last = decoder.Take(value, out data);
        }

        return last;
    }
}
