using System.Numerics;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>Between 80-bit values and integers: FILD, FIST, FISTP, FISTTP and FRNDINT.</summary>
internal static class IntegerConversion
{
    /// <summary>Converts an integer; always exact.</summary>
    /// <param name="value">The integer.</param>
    /// <returns>The same number.</returns>
    public static Float80 FromInt64(long value)
    {
        if (value == 0)
        {
            return default;
        }

        bool negative = value < 0;
        ulong magnitude = negative ? 0 - (ulong)value : (ulong)value;
        int shift = BitOperations.LeadingZeroCount(magnitude);
        return new Float80(negative, Float80.Bias + 63 - shift, magnitude << shift);
    }

    /// <summary>Converts to a signed integer. Intel SDM Vol. 2A, "FIST/FISTP: Store Integer".</summary>
    /// <param name="a">The value.</param>
    /// <param name="bits">The integer's width: 16, 32 or 64.</param>
    /// <param name="mode">The rounding mode: that of the control word, or toward zero for FISTTP.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The integer; the integer indefinite, with IE, for what does not fit.</returns>
    public static long ToInteger(Float80 a, int bits, FloatRoundingMode mode, ref FloatEnvironment env)
    {
        ulong limit = 1UL << (bits - 1);
        if (!TryRound(a, mode, out ulong magnitude, out bool inexact, out bool up) || magnitude > (a.IsNegative ? limit : limit - 1))
        {
            env.Raise(X87Status.Invalid);
            return (long)(0 - limit);
        }

        env.Raise((inexact ? X87Status.Precision : 0) | (up ? X87Status.C1 : 0));
        return a.IsNegative ? (long)(0 - magnitude) : (long)magnitude;
    }

    /// <summary>Rounds to an integral value. Intel SDM Vol. 2A, "FRNDINT: Round to Integer".</summary>
    /// <param name="a">The value.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The integral value; zero keeps the sign.</returns>
    public static Float80 RoundToIntegral(Float80 a, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, ref env, out Float80 answer))
        {
            return answer;
        }

        FloatClass kind = a.Class;
        if (env.StopsForDenormal(kind, kind) || kind == FloatClass.Infinity)
        {
            return a;
        }

        if (!TryRound(a, env.Rounding, out ulong magnitude, out bool inexact, out bool up))
        {
            return a; // so large that it is integral
        }

        env.Raise((inexact ? X87Status.Precision : 0) | (up ? X87Status.C1 : 0));
        if (magnitude == 0)
        {
            return Float80.Zero(a.IsNegative);
        }

        int shift = BitOperations.LeadingZeroCount(magnitude);
        return new Float80(a.IsNegative, Float80.Bias + 63 - shift, magnitude << shift);
    }

    /// <summary>Rounds a magnitude to an integer.</summary>
    /// <param name="a">The value.</param>
    /// <param name="mode">The rounding mode.</param>
    /// <param name="magnitude">The integer.</param>
    /// <param name="inexact">Whether a fraction was lost.</param>
    /// <param name="up">Whether the magnitude grew.</param>
    /// <returns>Whether the value is finite and its magnitude fits in 64 bits.</returns>
    public static bool TryRound(Float80 a, FloatRoundingMode mode, out ulong magnitude, out bool inexact, out bool up)
    {
        var x = new FloatOperand(a);
        magnitude = 0;
        inexact = false;
        up = false;
        if (x.IsZero)
        {
            return true;
        }

        int fraction = 63 - (x.Exponent - Float80.Bias);
        if (x.Class is not (FloatClass.Normal or FloatClass.Denormal) || fraction < 0)
        {
            return false;
        }

        magnitude = x.Significand;
        ulong rest = 0;
        if (fraction > 0)
        {
            // The fraction becomes the lower half of a pair; below one half it is only sticky.
            ulong high = x.Significand;
            FloatRounding.ShiftRightSticky(ref high, ref rest, fraction);
            magnitude = high;
        }

        magnitude = FloatRounding.Round(magnitude, rest, 0, mode, x.IsNegative, out inexact, out up);
        return !(up && magnitude == 0);
    }
}
