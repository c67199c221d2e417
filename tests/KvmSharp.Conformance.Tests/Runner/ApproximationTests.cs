using KvmSharp.Conformance.Replay;

namespace KvmSharp.Conformance.Runner;

public sealed class ApproximationTests
{
    private const ulong One = 1UL << 63; // the significand of 1.0

    [Theory]
    [InlineData(0x3FFF, One, 0x3FFF, One + 2, true)]
    [InlineData(0x3FFF, One, 0x3FFF, One + 3, false)]
    [InlineData(0x3FFF, One, 0x3FFE, ulong.MaxValue, true)] // one step down, across a power of two
    [InlineData(0x3FFF, One, 0xBFFF, One, false)] // the other sign
    [InlineData(0x7FFF, One, 0x7FFF, One + 1, false)] // infinity
    [InlineData(0, 0, 0, 1, false)] // zero
    public void IsNear_ExtendedValues_AllowsTwoUnits(int exponentA, ulong a, int exponentB, ulong b, bool expected) =>
        Approximation.IsNear(new UInt128((ulong)exponentA, a), new UInt128((ulong)exponentB, b)).Should().Be(expected);

    [Theory]
    [InlineData(1.0f, 1.0003f, true)]
    [InlineData(1.0f, 1.0004f, false)]
    [InlineData(float.PositiveInfinity, float.MaxValue, false)]
    public void AreLanesNear_ChangedLane_AllowsTheRelativeError(float recorded, float came, bool expected) =>
        Approximation.AreLanesNear(0, BitConverter.SingleToUInt32Bits(recorded), BitConverter.SingleToUInt32Bits(came)).Should().Be(expected);

    [Fact]
    public void AreLanesNear_LaneThatWasToStay_MustBeEqual()
    {
        uint one = BitConverter.SingleToUInt32Bits(1.0f);
        Approximation.AreLanesNear(one, one, one + 1).Should().BeFalse();
    }
}
