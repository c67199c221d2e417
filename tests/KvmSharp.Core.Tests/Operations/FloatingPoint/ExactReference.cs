using System.Numerics;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Tests.Operations.FloatingPoint;

/// <summary>Rounding of exact fractions, the slow way: what the arithmetic is held against.</summary>
internal static class ExactReference
{
    /// <summary>Gives a finite value as numerator times a power of two.</summary>
    public static (BigInteger Numerator, int Power) Split(Float80 value) =>
        (value.IsNegative ? -(BigInteger)value.Significand : value.Significand, Math.Max(value.Exponent, 1) - Float80.Bias - 63);

    /// <summary>Rounds numerator / denominator * 2^power, not zero and in the range of normal numbers.</summary>
    /// <returns>The result, and whether bits were lost.</returns>
    public static (Float80 Result, bool Inexact) Round(BigInteger numerator, BigInteger denominator, int power, ushort control)
    {
        int bits = (control & X87Control.PrecisionMask) switch
        {
            X87Control.Single => 24,
            X87Control.Double => 53,
            _ => 64,
        };
        bool negative = numerator.Sign < 0;
        BigInteger magnitude = BigInteger.Abs(numerator);

        // Scale so that the quotient has the wanted number of bits.
        int shift = bits - (int)(magnitude.GetBitLength() - denominator.GetBitLength());
        BigInteger quotient = Divide(magnitude, denominator, shift, out BigInteger rest, out BigInteger divisor);
        if ((int)quotient.GetBitLength() > bits)
        {
            shift--;
            quotient = Divide(magnitude, denominator, shift, out rest, out divisor);
        }

        bool up = (FloatRoundingMode)((control & X87Control.RoundingMask) >> X87Control.RoundingShift) switch
        {
            FloatRoundingMode.Nearest => (rest * 2).CompareTo(divisor) is int order && (order > 0 || (order == 0 && !quotient.IsEven)),
            FloatRoundingMode.Down => negative && !rest.IsZero,
            FloatRoundingMode.Up => !negative && !rest.IsZero,
            _ => false,
        };
        quotient += up ? 1 : 0;
        int length = (int)quotient.GetBitLength();
        ulong significand = (ulong)(quotient << 64 >> length);
        return (new Float80(negative, Float80.Bias + power - shift + length - 1, significand), !rest.IsZero);
    }

    private static BigInteger Divide(BigInteger numerator, BigInteger denominator, int shift, out BigInteger rest, out BigInteger divisor)
    {
        divisor = shift < 0 ? denominator << -shift : denominator;
        return BigInteger.DivRem(shift > 0 ? numerator << shift : numerator, divisor, out rest);
    }
}
