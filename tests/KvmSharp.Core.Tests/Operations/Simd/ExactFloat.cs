using System.Numerics;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Tests.Operations.Simd;

/// <summary>Rounding by the book, in unbounded integers: what the FP operations are held against. A value is numerator / denominator, times 2^exponent.</summary>
internal static class ExactFloat
{
    /// <summary>Gives the exact value of a finite pattern.</summary>
    public static (BigInteger Signed, int Exponent) Decode<TFormat>(ulong bits)
        where TFormat : struct, IFloatFormat
    {
        int biased = (int)((bits & FloatFormat<TFormat>.MagnitudeMask) >> TFormat.FractionBits);
        BigInteger significand = bits & FloatFormat<TFormat>.FractionMask;
        significand += biased != 0 ? BigInteger.One << TFormat.FractionBits : 0;
        int exponent = Math.Max(biased, 1) - FloatFormat<TFormat>.Bias - TFormat.FractionBits;
        return (FloatFormat<TFormat>.IsNegative(bits) ? -significand : significand, exponent);
    }

    /// <summary>Rounds a value that is not zero, with all exceptions masked.</summary>
    /// <param name="negative">The sign.</param>
    /// <param name="compare">Compares the magnitude with n * 2^e: negative when the magnitude is less.</param>
    /// <param name="mode">How.</param>
    /// <returns>The pattern and the exceptions.</returns>
    public static (ulong Bits, uint Raised) Round<TFormat>(bool negative, Func<BigInteger, int, int> compare, RoundingMode mode)
        where TFormat : struct, IFloatFormat
    {
        int minimum = 1 - FloatFormat<TFormat>.Bias;
        int exponent = 0;
        while (compare(1, exponent) < 0)
        {
            exponent -= 64;
        }

        while (compare(1, exponent + 1) >= 0)
        {
            exponent++;
        }

        (BigInteger unbounded, _) = Nearby<TFormat>(negative, compare, mode, exponent - TFormat.FractionBits);
        int roundedExponent = exponent + (unbounded >> (TFormat.FractionBits + 1) != 0 ? 1 : 0);
        bool tiny = roundedExponent < minimum;
        int unit = Math.Max(exponent, minimum) - TFormat.FractionBits;
        (BigInteger kept, bool inexact) = Nearby<TFormat>(negative, compare, mode, unit);
        uint raised = inexact ? Mxcsr.Precision | (tiny ? Mxcsr.Underflow : 0) : 0;
        if (roundedExponent > FloatFormat<TFormat>.Bias)
        {
            bool infinite = mode == RoundingMode.Nearest || mode == (negative ? RoundingMode.Down : RoundingMode.Up);
            ulong magnitude = infinite ? FloatFormat<TFormat>.Infinity : FloatFormat<TFormat>.MaxFinite;
            return (FloatFormat<TFormat>.Signed(negative, magnitude), Mxcsr.Overflow | Mxcsr.Precision);
        }

        ulong bits = ((ulong)(Math.Max(exponent, minimum) - minimum) << TFormat.FractionBits) + (ulong)kept;
        return (FloatFormat<TFormat>.Signed(negative, bits), raised);
    }

    // The magnitude in units of 2^unit, rounded, by binary search.
    private static (BigInteger Kept, bool Inexact) Nearby<TFormat>(bool negative, Func<BigInteger, int, int> compare, RoundingMode mode, int unit)
        where TFormat : struct, IFloatFormat
    {
        BigInteger below = 0;
        for (int bit = TFormat.FractionBits + 1; bit >= 0; bit--)
        {
            BigInteger next = below + (BigInteger.One << bit);
            below = compare(next, unit) >= 0 ? next : below;
        }

        bool inexact = compare(below, unit) != 0;
        int half = compare((2 * below) + 1, unit - 1);
        bool up = inexact && mode switch
        {
            RoundingMode.Nearest => half > 0 || (half == 0 && !below.IsEven),
            RoundingMode.Down => negative,
            RoundingMode.Up => !negative,
            _ => false,
        };
        return (below + (up ? 1 : 0), inexact);
    }
}
