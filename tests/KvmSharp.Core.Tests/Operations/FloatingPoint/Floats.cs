using FsCheck;
using FsCheck.Fluent;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

/// <summary>Values and control words for the tests of 80-bit arithmetic.</summary>
internal static class Floats
{
    public const ushort Default = X87Control.Initial;

    public static readonly Float80 QuietNaN = new(0x7FFF, 0xC000_0000_0000_1234);
    public static readonly Float80 SignalingNaN = new(0x7FFF, 0x8000_0000_0000_1234);
    public static readonly Float80 Unnormal = new(0x4000, 0x4000_0000_0000_0000);
    public static readonly Float80 Denormal = new(0, 1);
    public static readonly Float80 LeastNormal = new(1, Float80.IntegerBit);
    public static readonly Float80 Largest = new(0x7FFE, ulong.MaxValue);
    public static readonly Float80 Infinity = Float80.Infinity(negative: false);

    private static readonly Gen<ulong> Bits =
        from high in Gen.Choose(int.MinValue, int.MaxValue)
        from low in Gen.Choose(int.MinValue, int.MaxValue)
        select ((ulong)(uint)high << 32) | (uint)low;

    /// <summary>Gets normal numbers whose exponents are near each other: sums and quotients of all kinds, no overflow.</summary>
    public static Arbitrary<Float80> Normals { get; } = (
        from sign in Gen.Elements(false, true)
        from exponent in Gen.Choose(Float80.Bias - 70, Float80.Bias + 70)
        from kept in Gen.Elements(1, 8, 24, 53, 64)
        from bits in Bits
        select new Float80(sign, exponent, Float80.IntegerBit | (bits & ~(ulong.MaxValue >> 1 >> (kept - 1))))).ToArbitrary();

    /// <summary>Gets any 80 bits, special values more often than chance would.</summary>
    public static Arbitrary<Float80> Anything { get; } = Gen.OneOf(
        Gen.Elements(default, Float80.Zero(true), Float80.One, Infinity, QuietNaN, SignalingNaN, Unnormal, Denormal, LeastNormal, Largest),
        from exponent in Gen.Choose(0, 0xFFFF)
        from bits in Bits
        select new Float80((ushort)exponent, bits),
        Normals.Generator).ToArbitrary();

    /// <summary>Gets control words with everything masked: every rounding mode and precision.</summary>
    public static Arbitrary<ushort> MaskedControls { get; } = (
        from precision in Gen.Elements(X87Control.Single, X87Control.Double, X87Control.Extended)
        from rounding in Gen.Choose(0, 3)
        select (ushort)(0x7F | precision | (rounding << X87Control.RoundingShift))).ToArbitrary();

    public static Float80 Of(double value)
    {
        var env = new FloatEnvironment(Default);
        return BinaryFormat.FromDouble(BitConverter.DoubleToUInt64Bits(value), ref env);
    }

    public static double ToDouble(Float80 value)
    {
        var env = new FloatEnvironment(Default);
        return BitConverter.UInt64BitsToDouble(BinaryFormat.ToDouble(value, ref env));
    }

    public static (Float80 Result, int Status) Apply<TOp>(Float80 a, Float80 b, ushort control = Default)
        where TOp : struct, IFloatOp
    {
        var env = new FloatEnvironment(control);
        Float80 result = TOp.Apply(a, b, ref env);
        return (result, env.Status);
    }

    public static void ForAll<T>(Arbitrary<T> values, Action<T> check) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1000), Prop.ForAll(values, check));

    public static void ForAll(Action<Float80, Float80, ushort> check, Arbitrary<Float80>? values = null) =>
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll(values ?? Normals, values ?? Normals, MaskedControls, check));
}
