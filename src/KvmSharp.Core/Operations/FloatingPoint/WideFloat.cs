namespace KvmSharp.Operations.FloatingPoint;

/// <summary>A number with a 128-bit significand, in which the transcendental instructions work: twice the bits of their results.</summary>
/// <remarks>Truncating arithmetic: each operation is off by a few units of bit 0, which leaves some fifty bits beyond the 2 units in the last place that are allowed.</remarks>
internal readonly struct WideFloat
{
    private const int Bits = 128;

    /// <summary>The value is Significand / 2^127 * 2^Exponent; the top bit is set, or all are 0 for zero.</summary>
    public readonly UInt128 Significand;

    public readonly int Exponent;
    public readonly bool IsNegative;

    public WideFloat(bool negative, int exponent, UInt128 significand)
    {
        int shift = significand == 0 ? 0 : (int)UInt128.LeadingZeroCount(significand);
        IsNegative = negative;
        Exponent = exponent - shift;
        Significand = significand << shift;
    }

    public WideFloat(in FloatOperand value)
        : this(value.IsNegative, value.Exponent - Float80.Bias, value.IsZero ? 0 : new UInt128(value.Significand, 0))
    {
    }

    public bool IsZero => Significand == 0;

    public static WideFloat FromInteger(int value) => new(value < 0, Bits - 1, (UInt128)Math.Abs((long)value));

    public static WideFloat operator -(WideFloat a) => new(!a.IsNegative, a.Exponent, a.Significand);

    public static WideFloat operator -(WideFloat a, WideFloat b) => a + -b;

    public static WideFloat operator +(WideFloat a, WideFloat b)
    {
        if (a.IsZero || b.IsZero)
        {
            return a.IsZero ? b : a;
        }

        if (a.Exponent < b.Exponent || (a.Exponent == b.Exponent && a.Significand < b.Significand))
        {
            (a, b) = (b, a);
        }

        int distance = a.Exponent - b.Exponent;
        UInt128 aligned = distance < Bits ? b.Significand >> distance : 0;
        if (a.IsNegative != b.IsNegative)
        {
            return new WideFloat(a.IsNegative, a.Exponent, a.Significand - aligned);
        }

        UInt128 sum = a.Significand + aligned;
        return sum < aligned
            ? new WideFloat(a.IsNegative, a.Exponent + 1, (sum >> 1) | (UInt128.One << (Bits - 1)))
            : new WideFloat(a.IsNegative, a.Exponent, sum);
    }

    public static WideFloat operator *(WideFloat a, WideFloat b) =>
        new(a.IsNegative != b.IsNegative, a.Exponent + b.Exponent + 1, FixedPoint.MultiplyHigh(a.Significand, b.Significand));

    public static WideFloat operator /(WideFloat a, WideFloat b)
    {
        // The dividend is halved when it is not less than the divisor, so that the quotient stays below 1 and fills 128 bits.
        UInt128 rest = a.Significand;
        int exponent = a.Exponent - b.Exponent - 1;
        if (rest >= b.Significand)
        {
            rest >>= 1;
            exponent++;
        }

        ulong high = Digit(ref rest, b.Significand);
        ulong low = Digit(ref rest, b.Significand);
        return new WideFloat(a.IsNegative != b.IsNegative, exponent, new UInt128(high, low));
    }

    /// <summary>Multiplies by a power of two.</summary>
    /// <param name="power">The power.</param>
    /// <returns>The product.</returns>
    public WideFloat Scaled(int power) => new(IsNegative, Exponent + power, Significand);

    /// <summary>Gives the magnitude as a fraction of 2^128.</summary>
    /// <returns>The fraction; the number must be less than 1.</returns>
    public UInt128 ToFraction() => Exponent < -Bits ? 0 : Significand >> (-1 - Exponent);

    /// <summary>Rounds the result of a transcendental function. The processor takes every one for inexact, and a denormal one for underflow.</summary>
    /// <param name="isExact">Whether there is nothing behind the 128 bits; else they are taken for the start of an irrational number.</param>
    /// <param name="env">The environment; precision control does not apply.</param>
    /// <returns>The result.</returns>
    public Float80 Round(bool isExact, ref FloatEnvironment env)
    {
        ulong low = (ulong)Significand | (isExact ? 0UL : 1UL);
        Float80 result = FloatRounding.Pack(IsNegative, Exponent + Float80.Bias, (ulong)(Significand >> 64), low, 0, ref env);
        env.Raise(X87Status.Precision | (result.Exponent == 0 ? X87Status.Underflow : 0));
        return result;
    }

    // One digit of 64 bits: estimated from the divisor's upper half, at most two too large, and corrected.
    private static ulong Digit(ref UInt128 rest, UInt128 divisor)
    {
        ulong divisorHigh = (ulong)(divisor >> 64);
        ulong restHigh = (ulong)(rest >> 64);
        ulong digit = restHigh >= divisorHigh ? ulong.MaxValue : FloatDivision.Divide128(restHigh, (ulong)rest, divisorHigh, out _);
        ulong carry = Math.BigMul(digit, (ulong)divisor, out ulong bottom);
        ulong upper = Math.BigMul(digit, divisorHigh, out ulong lower);
        UInt128 top = new UInt128(upper, lower) + carry;
        while (top > rest || (top == rest && bottom != 0))
        {
            digit--;
            ulong borrow = bottom < (ulong)divisor ? 1UL : 0;
            bottom -= (ulong)divisor;
            top -= (UInt128)divisorHigh + borrow;
        }

        rest = ((rest - top) << 64) - bottom;
        return digit;
    }
}
