using System.Numerics;
using KvmSharp.Operations;

namespace KvmSharp.Tests.Operations;

public class DivisionTests
{
    [Fact]
    public void TryDivide_EveryWordByManyBytes_IsWideDivision()
    {
        for (uint dividend = 0; dividend <= ushort.MaxValue; dividend++)
        {
            for (uint divisor = dividend % 7; divisor < 256; divisor += 7)
            {
                CheckAll<byte>(dividend >> 8, dividend & 0xFF, divisor);
            }
        }
    }

    [Fact]
    public void TryDivide_WordsToQuadwords_IsWideDivision() => Values.ForAll((a, b, seed) =>
    {
        foreach (ulong high in new ulong[] { 0, ulong.MaxValue, a >> 1, ulong.MaxValue - (a >> 2), seed })
        {
            CheckAll<ushort>(high, b, a);
            CheckAll<uint>(high, b, a);
            CheckAll<ulong>(high, b, a);
            CheckAll<uint>(high >> 33, b, a >> 30);
            CheckAll<ulong>(high / 3, b, a);
        }
    });

    [Theory]
    [InlineData(0xFF80, 0x01, true, 0x80, 0x00)] // -128 / 1 = -128 fits
    [InlineData(0xFF80, 0xFF, false, 0, 0)] // -128 / -1 = 128 does not
    [InlineData(0xFF81, 0xFF, true, 0x7F, 0x00)] // -127 / -1 = 127
    [InlineData(0x8000, 0x80, false, 0, 0)] // -32768 / -128 = 256
    [InlineData(0xFFF9, 0x02, true, 0xFD, 0xFF)] // -7 / 2 = -3, remainder -1
    [InlineData(0x0007, 0xFE, true, 0xFD, 0x01)] // 7 / -2 = -3, remainder 1
    [InlineData(0x0007, 0x00, false, 0, 0)]
    public void IdivTryDivide_ByteEdges_RoundTowardsZeroOrFail(ushort ax, byte divisor, bool fits, byte quotient, byte remainder)
    {
        Idiv.TryDivide((byte)(ax >> 8), (byte)ax, divisor, out byte q, out byte r).Should().Be(fits);
        (q, r).Should().Be((quotient, remainder));
    }

    private static void CheckAll<T>(ulong wideHigh, ulong wideLow, ulong wideDivisor)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int width = Operand.Bits<T>();
        ulong ones = Expected.Ones(width);
        ulong high = wideHigh & ones, low = wideLow & ones, divisor = wideDivisor & ones;
        BigInteger unsigned = ((BigInteger)high << width) | low;
        BigInteger signed = ((BigInteger)Expected.Signed(high, width) << width) | low;
        BigInteger half = BigInteger.One << (width - 1);
        Check<Div, T>(high, low, divisor, unsigned, divisor, BigInteger.Zero, ones);
        Check<Idiv, T>(high, low, divisor, signed, (BigInteger)Expected.Signed(divisor, width), -half, half - 1);
    }

    private static void Check<TOp, T>(
        ulong high, ulong low, ulong divisor, BigInteger wideDividend, BigInteger wideDivisor, BigInteger least, BigInteger most)
        where TOp : IDivideOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        BigInteger quotient = 0, remainder = 0;
        bool fits = false;
        if (!wideDivisor.IsZero)
        {
            quotient = BigInteger.DivRem(wideDividend, wideDivisor, out remainder);
            fits = quotient >= least && quotient <= most;
        }

        bool done = TOp.TryDivide(T.CreateTruncating(high), T.CreateTruncating(low), T.CreateTruncating(divisor), out T q, out T r);
        T expectedQuotient = fits ? T.CreateTruncating(quotient) : T.Zero;
        T expectedRemainder = fits ? T.CreateTruncating(remainder) : T.Zero;
        if (done != fits || q != expectedQuotient || r != expectedRemainder)
        {
            Assert.Fail($"{typeof(TOp).Name}<{typeof(T).Name}>(0x{high:X}:0x{low:X} / 0x{divisor:X}): "
                + $"expected {fits} 0x{expectedQuotient:X} 0x{expectedRemainder:X}, got {done} 0x{q:X} 0x{r:X}");
        }
    }
}
