using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

/// <summary>The functions against the host's double precision, whose error is a thousand times what is allowed; and known points.</summary>
public class TranscendentalTests
{
    private const double Tolerance = 4e-15;

    [Theory]
    [InlineData(1e-10)]
    [InlineData(0.3)]
    [InlineData(-0.9)]
    [InlineData(0.999)]
    public void PowerOfTwoLessOne_InRange_IsTheHosts(double x)
    {
        var env = new FloatEnvironment(Floats.Default);
        double expected = Math.Abs(x) < 1e-6 ? x * Math.Log(2) * (1 + (x * Math.Log(2) / 2)) : Math.Pow(2, x) - 1;
        IsNear(FloatExponential.PowerOfTwoLessOne(Floats.Of(x), ref env), expected);
        (env.Status & X87Status.Precision).Should().NotBe(0);
    }

    [Theory]
    [InlineData(1e-300, 3.0)]
    [InlineData(0.7, -2.0)]
    [InlineData(1.5, 1.0)]
    [InlineData(1.0000001, 1e9)]
    [InlineData(1e300, 0.25)]
    public void TimesLog2_PositiveNumber_IsTheHosts(double x, double y)
    {
        var env = new FloatEnvironment(Floats.Default);
        IsNear(FloatLogarithm.TimesLog2(Floats.Of(x), Floats.Of(y), ref env), y * Math.Log2(x), 1e-9);
    }

    [Fact]
    public void TimesLog2_PowersOfTwo_AreExact()
    {
        for (int power = -1000; power <= 1000; power++)
        {
            var env = new FloatEnvironment(Floats.Default);
            FloatLogarithm.TimesLog2(Floats.Of(Math.Pow(2, power)), Float80.One, ref env).Should().Be(IntegerConversion.FromInt64(power));
        }
    }

    [Theory]
    [InlineData(1e-20)]
    [InlineData(0.29)]
    [InlineData(-0.29)]
    public void TimesLog2OfSum_InRange_KeepsTheDigitsOfSmallOperands(double x)
    {
        var env = new FloatEnvironment(Floats.Default);
        double expected = Math.Abs(x) < 1e-9 ? x / Math.Log(2) : Math.Log2(1 + x);
        IsNear(FloatLogarithm.TimesLog2OfSum(Floats.Of(x), Float80.One, ref env), expected);
    }

    [Fact]
    public void Angle_EveryOctant_IsTheHosts()
    {
        for (double angle = -3.1; angle < 3.14; angle += 0.0137)
        {
            var env = new FloatEnvironment(Floats.Default);
            (double y, double x) = Math.SinCos(angle);
            IsNear(FloatArctangent.Angle(Floats.Of(x), Floats.Of(y), ref env), Math.Atan2(y, x));
        }
    }

    [Theory]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, Math.PI / 4)]
    [InlineData(double.NegativeInfinity, double.NegativeInfinity, -3 * Math.PI / 4)]
    [InlineData(-1.0, 0.0, Math.PI)]
    [InlineData(-0.0, -0.0, -Math.PI)]
    [InlineData(0.0, 5.0, Math.PI / 2)]
    [InlineData(double.PositiveInfinity, -1.0, -0.0)]
    public void Angle_SpecialPoints_AreTheManualsTable(double x, double y, double expected)
    {
        var env = new FloatEnvironment(Floats.Default);
        Floats.ToDouble(FloatArctangent.Angle(Floats.Of(x), Floats.Of(y), ref env)).Should().Be(expected);
    }

    [Fact]
    public void SineCosineTangent_UpToAFewTurns_AreTheHosts()
    {
        for (double x = -20; x < 20; x += 0.0371)
        {
            var env = new FloatEnvironment(Floats.Default);
            FloatTrigonometry.TryReduce(Floats.Of(x), ref env, out ReducedAngle angle, out _).Should().BeTrue();
            IsNear(angle.Sine(ref env), Math.Sin(x), 1e-13);
            IsNear(angle.Cosine(ref env), Math.Cos(x), 1e-13);
            IsNear(angle.Tangent(ref env), Math.Tan(x), 1e-12);
        }
    }

    [Fact]
    public void Sine_OfPi_ShowsThe66BitsOfTheReduction()
    {
        // FLDPI is pi rounded to 64 bits; it exceeds the 66-bit pi by one unit of that one's last bit, 2^-64. SDM Vol. 1, "Pi".
        var env = new FloatEnvironment(Floats.Default);
        FloatTrigonometry.TryReduce(new Float80(0x4000, 0xC90F_DAA2_2168_C235), ref env, out ReducedAngle angle, out _).Should().BeTrue();
        angle.Sine(ref env).Should().Be(new Float80(true, Float80.Bias - 64, Float80.IntegerBit));
    }

    [Fact]
    public void TryReduce_FromTwoTo63On_IsOutOfRange()
    {
        var env = new FloatEnvironment(Floats.Default);
        Float80 large = Floats.Of(9223372036854775808.0);
        FloatTrigonometry.TryReduce(large, ref env, out _, out Float80 answer).Should().BeFalse();
        answer.Should().Be(large);
        env.Status.Should().Be(X87Status.C2);
    }

    [Fact]
    public void Load_Constants_FollowTheRounding()
    {
        FloatConstants.Load(FloatConstants.Pi, Floats.Default).Should().Be(new Float80(0x4000, 0xC90F_DAA2_2168_C235));
        ushort chop = Floats.Default | X87Control.RoundingMask;
        FloatConstants.Load(FloatConstants.Pi, chop).Should().Be(new Float80(0x4000, 0xC90F_DAA2_2168_C234));
    }

    private static void IsNear(Float80 actual, double expected, double tolerance = Tolerance) =>
        Floats.ToDouble(actual).Should().BeApproximately(expected, Math.Abs(expected) * tolerance);
}
