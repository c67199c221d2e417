using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class ExtensionTests
{
    [Theory]
    [InlineData(0x00, 0x0000)]
    [InlineData(0x7F, 0x007F)]
    [InlineData(0x80, 0xFF80)]
    [InlineData(0xFF, 0xFFFF)]
    public void Movsx_Byte_RepeatsTheSignAtEveryWidth(byte value, ushort expected)
    {
        Movsx.Apply<byte, ushort>(value).Should().Be(expected);
        Movsx.Apply<byte, uint>(value).Should().Be((uint)(short)expected);
        Movsx.Apply<byte, ulong>(value).Should().Be((ulong)(short)expected);
        Movzx.Apply<byte, ushort>(value).Should().Be(value);
        Movzx.Apply<byte, uint>(value).Should().Be(value);
        Movzx.Apply<byte, ulong>(value).Should().Be(value);
    }

    [Fact]
    public void Movsx_WordAndDoubleword_RepeatTheSign()
    {
        Movsx.Apply<ushort, uint>(0x8001).Should().Be(0xFFFF_8001);
        Movsx.Apply<ushort, uint>(0x7FFF).Should().Be(0x7FFF);
        Movsx.Apply<ushort, ulong>(0x8001).Should().Be(0xFFFF_FFFF_FFFF_8001);
        Movsx.Apply<uint, ulong>(0x8000_0001).Should().Be(0xFFFF_FFFF_8000_0001);
        Movsx.Apply<uint, ulong>(0x7FFF_FFFF).Should().Be(0x7FFF_FFFF);
        Movzx.Apply<ushort, uint>(0x8001).Should().Be(0x8001);
        Movzx.Apply<uint, ulong>(0x8000_0001).Should().Be(0x8000_0001);
    }

    [Fact]
    public void Cwd_EachWidth_FillsWithTheSign()
    {
        (Cwd.Apply((ushort)0x8000), Cwd.Apply((ushort)0x7FFF)).Should().Be(((ushort)0xFFFF, (ushort)0));
        (Cwd.Apply(0x8000_0000u), Cwd.Apply(0x7FFF_FFFFu)).Should().Be((uint.MaxValue, 0u));
        (Cwd.Apply(1UL << 63), Cwd.Apply((1UL << 63) - 1)).Should().Be((ulong.MaxValue, 0UL));
    }
}
