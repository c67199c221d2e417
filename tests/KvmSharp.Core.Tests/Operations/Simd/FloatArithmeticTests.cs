using System.Numerics;
using System.Runtime.Intrinsics;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Tests.Operations.Simd;

public class FloatArithmeticTests
{
    private const uint AllMasked = 0x1F80;

    [Theory]
    [MemberData(nameof(Modes))]
    public void Arithmetic_FiniteEdges_AreExactValuesRounded(int mode)
    {
        Check<Binary32>((RoundingMode)mode);
        Check<Binary64>((RoundingMode)mode);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void SquareRoot_PositiveEdges_IsTheExactRootRounded(int mode)
    {
        CheckRoots<Binary32>((RoundingMode)mode);
        CheckRoots<Binary64>((RoundingMode)mode);
    }

    [Fact]
    public void Packed_WithPrecisionSetAlready_IsTheSameOnBothPaths()
    {
        foreach (ulong a in Edges<Binary64>())
        {
            foreach (ulong b in Edges<Binary64>())
            {
                SameOnBothPaths<FloatAdd, Binary64>(a, b);
                SameOnBothPaths<FloatMultiply, Binary64>(a, b);
                SameOnBothPaths<FloatDivide, Binary64>(a, b);
                SameOnBothPaths<FloatSquareRoot, Binary64>(a, b);
            }
        }
    }

    public static TheoryData<int> Modes() => [0, 1, 2, 3];

    private static List<ulong> Edges<TFormat>()
        where TFormat : struct, IFloatFormat
    {
        ulong one = (ulong)FloatFormat<TFormat>.Bias << TFormat.FractionBits;
        ulong smallest = FloatFormat<TFormat>.FractionMask + 1;
        List<ulong> values =
        [
            1, 2, 3, smallest >> 1, smallest - 1, smallest, smallest + 1, one - 1, one, one + 1, one + smallest, one + (smallest >> 1),
            one + 0x5555, one - (smallest * 3), FloatFormat<TFormat>.MaxFinite, FloatFormat<TFormat>.MaxFinite - smallest,
            (one >> 1) & ~FloatFormat<TFormat>.FractionMask, (one >> 1) + 0x12345, one + ((ulong)TFormat.FractionBits * smallest) + 1,
        ];
        values.AddRange(values.ToList().Select(v => v | FloatFormat<TFormat>.SignBit));
        return values;
    }

    private static void Check<TFormat>(RoundingMode mode)
        where TFormat : struct, IFloatFormat
    {
        foreach (ulong a in Edges<TFormat>())
        {
            foreach (ulong b in Edges<TFormat>())
            {
                (BigInteger x, int ex) = ExactFloat.Decode<TFormat>(a);
                (BigInteger y, int ey) = ExactFloat.Decode<TFormat>(b);
                int low = Math.Min(ex, ey);
                BigInteger sum = (x << (ex - low)) + (y << (ey - low));
                uint denormal = FloatFormat<TFormat>.IsDenormal(a) || FloatFormat<TFormat>.IsDenormal(b) ? Mxcsr.Denormal : 0;
                if (!sum.IsZero)
                {
                    Same<FloatAdd, TFormat>(a, b, mode, denormal, sum.Sign < 0, (n, e) => CompareScaled(BigInteger.Abs(sum), low, n, e));
                }

                bool negative = x.Sign != y.Sign;
                Same<FloatMultiply, TFormat>(a, b, mode, denormal, negative, (n, e) => CompareScaled(BigInteger.Abs(x * y), ex + ey, n, e));
                Same<FloatDivide, TFormat>(a, b, mode, denormal, negative, (n, e) => CompareScaled(BigInteger.Abs(x), ex - ey, n * BigInteger.Abs(y), e));
            }
        }
    }

    private static void CheckRoots<TFormat>(RoundingMode mode)
        where TFormat : struct, IFloatFormat
    {
        foreach (ulong value in Edges<TFormat>().Where(v => !FloatFormat<TFormat>.IsNegative(v)))
        {
            (BigInteger x, int ex) = ExactFloat.Decode<TFormat>(value);
            uint denormal = FloatFormat<TFormat>.IsDenormal(value) ? Mxcsr.Denormal : 0;
            Same<FloatSquareRoot, TFormat>(0, value, mode, denormal, false, (n, e) => CompareScaled(x, ex, n * n, 2 * e));
        }
    }

    private static int CompareScaled(BigInteger a, int ea, BigInteger b, int eb)
    {
        int low = Math.Min(ea, eb);
        return (a << (ea - low)).CompareTo(b << (eb - low));
    }

    private static void Same<TOp, TFormat>(ulong a, ulong b, RoundingMode mode, uint denormal, bool negative, Func<BigInteger, int, int> compare)
        where TOp : struct, IFloatOp
        where TFormat : struct, IFloatFormat
    {
        (ulong bits, uint raised) = ExactFloat.Round<TFormat>(negative, compare, mode);
        var status = new FloatStatus(AllMasked | ((uint)mode << Mxcsr.RoundingShift));
        ulong result = TOp.Apply<TFormat>(a, b, ref status);
        if (result != bits || status.Raised != (raised | denormal))
        {
            Assert.Fail($"{typeof(TOp).Name}<{typeof(TFormat).Name}>({a:X}, {b:X}) {mode}: {result:X} with {status.Raised:X}, not {bits:X} with {raised | denormal:X}");
        }
    }

    private static void SameOnBothPaths<TOp, TFormat>(ulong a, ulong b)
        where TOp : struct, IFloatOp
        where TFormat : struct, IFloatFormat
    {
        var results = new List<(Vector128<byte>, uint)>();
        Vector128<byte> x = Vector128.Create(a, b).AsByte(), y = Vector128.Create(b, b).AsByte();
        Vectors.OnBothPaths(() =>
        {
            var status = new FloatStatus(AllMasked | Mxcsr.Precision);
            Vector128<byte> packed = PackedFloat<TOp, TFormat>.Apply(x, y, 0, ref status);
            results.Add((packed, status.Raised | Mxcsr.Precision));
            status = new FloatStatus(AllMasked | Mxcsr.Precision);
            Vector128<byte> scalar = ScalarFloat<TOp, TFormat>.Apply(x, y, 0, ref status);
            results.Add((scalar, status.Raised | Mxcsr.Precision));
        });
        results[2].Should().Be(results[0]);
        results[3].Should().Be(results[1]);
    }
}
