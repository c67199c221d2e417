using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

public class FloatConversionTests
{
    [Fact]
    public void Integer_RoundTrip_IsExact() => Values.ForAll((word, _, _) =>
    {
        var env = new FloatEnvironment(Floats.Default);
        long value = (long)word;
        IntegerConversion.ToInteger(IntegerConversion.FromInt64(value), 64, FloatRoundingMode.Nearest, ref env).Should().Be(value);
        env.Status.Should().Be(0);
    });

    [Fact]
    public void DoubleAndSingle_RoundTrip_IsExact() => Values.ForAll((word, _, _) =>
    {
        double value = BitConverter.UInt64BitsToDouble(word);
        var env = new FloatEnvironment(Floats.Default);
        ulong expected = double.IsNaN(value) ? word | 0x0008_0000_0000_0000 : word;
        BinaryFormat.ToDouble(BinaryFormat.FromDouble(word, ref env), ref env).Should().Be(expected);
        float single = BitConverter.UInt32BitsToSingle((uint)word);
        uint expectedSingle = float.IsNaN(single) ? (uint)word | 0x0040_0000 : (uint)word;
        BinaryFormat.ToSingle(BinaryFormat.FromSingle((uint)word, ref env), ref env).Should().Be(expectedSingle);
    });

    [Fact]
    public void ToSingle_Double_RoundsAsTheHost() => Values.ForAll((word, _, _) =>
    {
        double value = BitConverter.UInt64BitsToDouble(word);
        var env = new FloatEnvironment(Floats.Default);
        if (!double.IsNaN(value))
        {
            BinaryFormat.ToSingle(Floats.Of(value), ref env).Should().Be(BitConverter.SingleToUInt32Bits((float)value));
        }
    });

    [Fact]
    public void PackedDecimal_RoundTrip_IsExact() => Values.ForAll((word, _, _) =>
    {
        long value = (long)(word % 1_000_000_000_000_000_000) * ((word & 1) == 0 ? 1 : -1);
        var env = new FloatEnvironment(Floats.Default);
        ulong low = PackedDecimal.Store(IntegerConversion.FromInt64(value), out ushort high, ref env);
        PackedDecimal.Load(low, high).Should().Be(IntegerConversion.FromInt64(value));
        $"{high & 0x7FFF:X4}{low:X16}".TrimStart('0').Should().Be(value == 0 ? string.Empty : $"{Math.Abs(value)}");
    });

    [Theory]
    [InlineData(2.5, (int)FloatRoundingMode.Nearest, 2)]
    [InlineData(3.5, (int)FloatRoundingMode.Nearest, 4)]
    [InlineData(-2.5, (int)FloatRoundingMode.Down, -3)]
    [InlineData(-2.5, (int)FloatRoundingMode.Up, -2)]
    [InlineData(0.5, (int)FloatRoundingMode.Nearest, 0)]
    [InlineData(0.500001, (int)FloatRoundingMode.Nearest, 1)]
    [InlineData(1e-300, (int)FloatRoundingMode.Up, 1)]
    [InlineData(-1.99, (int)FloatRoundingMode.TowardZero, -1)]
    public void ToInteger_Fraction_FollowsTheMode(double value, int mode, long expected)
    {
        var env = new FloatEnvironment(Floats.Default);
        IntegerConversion.ToInteger(Floats.Of(value), 32, (FloatRoundingMode)mode, ref env).Should().Be(expected);
        (env.Status & X87Status.Precision).Should().NotBe(0);
    }

    [Theory]
    [InlineData(32767.4, 16, 32767)]
    [InlineData(-32768.5, 16, -32768)]
    [InlineData(32767.5, 16, -32768)]
    [InlineData(2147483648.0, 32, int.MinValue)]
    [InlineData(double.NaN, 64, long.MinValue)]
    [InlineData(double.PositiveInfinity, 16, -32768)]
    public void ToInteger_AtTheLimits_IsIndefiniteBeyond(double value, int bits, long expected)
    {
        var env = new FloatEnvironment(Floats.Default);
        IntegerConversion.ToInteger(Floats.Of(value), bits, FloatRoundingMode.Nearest, ref env).Should().Be(expected);
        bool fits = Math.Round(value) >= -Math.Pow(2, bits - 1) && Math.Round(value) < Math.Pow(2, bits - 1);
        ((env.Status & X87Status.Invalid) == 0).Should().Be(fits);
    }

    [Fact]
    public void Store_NineteenDigits_IsTheDecimalIndefinite()
    {
        var env = new FloatEnvironment(Floats.Default);
        PackedDecimal.Store(Floats.Of(1e18), out ushort high, ref env).Should().Be(0xC000_0000_0000_0000);
        high.Should().Be(0xFFFF);
        env.Status.Should().Be(X87Status.Invalid);
    }

    [Fact]
    public void RoundToIntegral_Doubles_AgreesWithTheHost() => Floats.ForAll(Floats.Normals, value =>
    {
        double x = Floats.ToDouble(value);
        var env = new FloatEnvironment(Floats.Default);
        Floats.ToDouble(IntegerConversion.RoundToIntegral(Floats.Of(x), ref env)).Should().Be(Math.Round(x));
    });

    [Fact]
    public void ScaleAndExtract_Normals_AreInverse() => Floats.ForAll(Floats.Normals, value =>
    {
        var env = new FloatEnvironment(Floats.Default);
        Float80 significand = FloatScaling.Extract(value, out Float80 exponent, ref env);
        FloatScaling.Scale(significand, exponent, ref env).Should().Be(value);
        env.Status.Should().Be(0);
    });

    [Fact]
    public void Extract_Zero_RaisesZeroDivide()
    {
        var env = new FloatEnvironment(Floats.Default);
        FloatScaling.Extract(Float80.Zero(true), out Float80 exponent, ref env).Should().Be(Float80.Zero(true));
        exponent.Should().Be(Float80.Infinity(negative: true));
        env.Status.Should().Be(X87Status.ZeroDivide);
    }
}
