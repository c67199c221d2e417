using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>From an exact result, or one with a sticky bit, to an 80-bit value: rounding, overflow and underflow.</summary>
/// <remarks>Intel SDM Vol. 1, "Rounding Control", "Numeric Overflow Exception (#O)" and "Numeric Underflow Exception (#U)".</remarks>
internal static class FloatRounding
{
    /// <summary>Unmasked overflow and underflow leave a result whose exponent is off by this much.</summary>
    public const int ExponentAdjustment = 24576;

    private const ulong Half = 1UL << 63;

    /// <summary>Rounds to nearest at 64 bits when the exponent is surely in range: what nearly every result needs. Which way it goes is computed, not branched on.</summary>
    /// <param name="sign">The sign, in bit 15.</param>
    /// <param name="exponent">The biased exponent.</param>
    /// <param name="high">The significand, top bit set.</param>
    /// <param name="low">What follows it; bit 0 is sticky.</param>
    /// <param name="result">The result.</param>
    /// <param name="status">PE and C1, when they are raised.</param>
    /// <returns><see langword="false"/> when the exponent may not be in range.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryPackNearest(int sign, int exponent, ulong high, ulong low, out Float80 result, out int status)
    {
        const int C1Shift = 9;
        const int PrecisionShift = 5;
        ulong up = low > Half - (high & 1) ? 1UL : 0;
        status = ((int)up << C1Shift) | ((low != 0 ? 1 : 0) << PrecisionShift);
        high += up;
        if (high == 0)
        {
            high = Float80.IntegerBit;
            exponent++;
        }

        result = new Float80((ushort)(sign | exponent), high);
        return (uint)(exponent - 2) < Float80.SpecialExponent - 3;
    }

    /// <summary>Rounds a nonzero result as the control word says and raises what is due.</summary>
    /// <param name="negative">Its sign.</param>
    /// <param name="exponent">Its biased exponent; any integer.</param>
    /// <param name="high">The significand, top bit set: the value is high.low / 2^63 * 2^(exponent - bias).</param>
    /// <param name="low">What follows it; bit 0 is sticky.</param>
    /// <param name="dropped">Low bits that precision control takes away: 0, 11 or 40.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The result.</returns>
    public static Float80 Pack(bool negative, int exponent, ulong high, ulong low, int dropped, ref FloatEnvironment env)
    {
        ulong rounded = Round(high, low, dropped, env.Rounding, negative, out bool inexact, out bool up);
        int roundedExponent = exponent;
        if (rounded == 0)
        {
            rounded = Float80.IntegerBit; // carried out of the top
            roundedExponent++;
        }

        if (roundedExponent >= Float80.SpecialExponent)
        {
            return Overflow(negative, roundedExponent, rounded, dropped, inexact, up, ref env);
        }

        if (roundedExponent < 1)
        {
            // "Massive" underflow and overflow, which FSCALE can make: even the adjusted exponent does not fit.
            if (env.Masks(X87Status.Underflow))
            {
                return Denormalize(negative, exponent, high, low, dropped, ref env);
            }

            roundedExponent += ExponentAdjustment;
            bool lost = roundedExponent < 1;
            env.Raise(X87Status.Underflow | RoundingBits(inexact || lost, up && !lost));
            return lost ? Float80.Zero(negative) : new Float80(negative, roundedExponent, rounded);
        }

        env.Raise(RoundingBits(inexact, up));
        return new Float80(negative, roundedExponent, rounded);
    }

    /// <summary>Rounds a significand; the bits taken away become 0.</summary>
    /// <param name="high">The significand.</param>
    /// <param name="low">What follows it; bit 0 is sticky.</param>
    /// <param name="dropped">Low bits of <paramref name="high"/> to take away, 0 to 63.</param>
    /// <param name="mode">The rounding mode.</param>
    /// <param name="negative">The value's sign.</param>
    /// <param name="inexact">Whether something was lost.</param>
    /// <param name="up">Whether the magnitude grew.</param>
    /// <returns>The significand; 0 when a carry left the top.</returns>
    public static ulong Round(ulong high, ulong low, int dropped, FloatRoundingMode mode, bool negative, out bool inexact, out bool up)
    {
        ulong unit = 1UL << dropped;
        ulong rest = dropped == 0 ? low : (high << (64 - dropped)) | (low != 0 ? 1UL : 0);
        high &= ~(unit - 1);
        inexact = rest != 0;
        up = mode switch
        {
            FloatRoundingMode.Nearest => rest > Half || (rest == Half && (high & unit) != 0),
            FloatRoundingMode.Down => inexact && negative,
            FloatRoundingMode.Up => inexact && !negative,
            _ => false,
        };
        return up ? high + unit : high;
    }

    /// <summary>Shifts a 128-bit number right; bits that leave it stay as a sticky bit.</summary>
    /// <param name="high">The upper half.</param>
    /// <param name="low">The lower half.</param>
    /// <param name="count">0 or more.</param>
    public static void ShiftRightSticky(ref ulong high, ref ulong low, int count)
    {
        if (count == 0)
        {
            return;
        }

        if (count < 64)
        {
            ulong lost = low << (64 - count);
            low = (high << (64 - count)) | (low >> count) | (lost != 0 ? 1UL : 0);
            high >>= count;
        }
        else if (count < 128)
        {
            int rest = count - 64;
            ulong lost = low | (rest == 0 ? 0 : high << (64 - rest));
            low = (high >> rest) | (lost != 0 ? 1UL : 0);
            high = 0;
        }
        else
        {
            low = (high | low) != 0 ? 1UL : 0;
            high = 0;
        }
    }

    private static int RoundingBits(bool inexact, bool up) => (inexact ? X87Status.Precision : 0) | (up ? X87Status.C1 : 0);

    private static Float80 Overflow(bool negative, int exponent, ulong rounded, int dropped, bool inexact, bool up, ref FloatEnvironment env)
    {
        if (!env.Masks(X87Status.Overflow))
        {
            exponent -= ExponentAdjustment;
            bool lost = exponent >= Float80.SpecialExponent;
            env.Raise(X87Status.Overflow | RoundingBits(inexact || lost, up || lost));
            return lost ? Float80.Infinity(negative) : new Float80(negative, exponent, rounded);
        }

        FloatRoundingMode away = negative ? FloatRoundingMode.Down : FloatRoundingMode.Up;
        bool infinite = env.Rounding == FloatRoundingMode.Nearest || env.Rounding == away;
        env.Raise(X87Status.Overflow | RoundingBits(inexact: true, infinite));
        return infinite
            ? Float80.Infinity(negative)
            : new Float80(negative, Float80.SpecialExponent - 1, ~((1UL << dropped) - 1));
    }

    // Masked underflow: as many bits as the least exponent leaves, and UE only when some are lost.
    private static Float80 Denormalize(bool negative, int exponent, ulong high, ulong low, int dropped, ref FloatEnvironment env)
    {
        ShiftRightSticky(ref high, ref low, 1 - exponent);
        ulong rounded = Round(high, low, dropped, env.Rounding, negative, out bool inexact, out bool up);
        env.Raise((inexact ? X87Status.Underflow : 0) | RoundingBits(inexact, up));
        return new Float80(negative, (int)(rounded >> 63), rounded);
    }
}
