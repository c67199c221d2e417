namespace KvmSharp.Machines.Tests;

public class PcLayoutTests
{
    [Fact]
    public void Ram_64MiB_HasTheHoleBelow1MiB() =>
        PcLayout.Ram(64 << 20).Should().Equal(new RamRange(0, 0xA_0000), new RamRange(0x10_0000, 63 << 20));

    [Fact]
    public void Ram_SmallerThanConventional_IsOneRange() => PcLayout.Ram(64 << 10).Should().Equal(new RamRange(0, 64 << 10));

    [Fact]
    public void Ram_Exactly1MiB_EndsAtTheHole() => PcLayout.Ram(1 << 20).Should().Equal(new RamRange(0, 0xA_0000));

    [Fact]
    public void Ram_4GiB_ContinuesAbove4GiB() => PcLayout.Ram(4UL << 30).Should().Equal(
        new RamRange(0, 0xA_0000), new RamRange(0x10_0000, 0xDFF0_0000), new RamRange(1UL << 32, 0x2000_0000));

    [Theory]
    [InlineData(0UL)]
    [InlineData(4097UL)]
    [InlineData(1UL << 40)]
    public void Ram_ImpossibleAmount_Throws(ulong bytes)
    {
        Action ram = () => PcLayout.Ram(bytes);
        ram.Should().Throw<ArgumentOutOfRangeException>();
    }
}
