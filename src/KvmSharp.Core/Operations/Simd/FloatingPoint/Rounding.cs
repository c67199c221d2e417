using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>A finite number that is not zero, taken apart: significand times 2^(exponent - 62), the significand's top bit being bit 62.</summary>
/// <param name="Negative">The sign.</param>
/// <param name="Exponent">The exponent, without bias.</param>
/// <param name="Significand">From 2^62 to 2^63 - 1.</param>
internal readonly record struct Unpacked(bool Negative, int Exponent, ulong Significand)
{
    /// <summary>The place of the significand's top bit: one below the word's, so that a sum fits.</summary>
    public const int TopBit = 62;

    public static Unpacked From<TFormat>(ulong value)
        where TFormat : struct, IFloatFormat
    {
        bool negative = FloatFormat<TFormat>.IsNegative(value);
        ulong fraction = value & FloatFormat<TFormat>.FractionMask;
        int biased = (int)((value & FloatFormat<TFormat>.MagnitudeMask) >> TFormat.FractionBits);
        if (biased != 0)
        {
            ulong significand = (fraction | (FloatFormat<TFormat>.FractionMask + 1)) << (TopBit - TFormat.FractionBits);
            return new Unpacked(negative, biased - FloatFormat<TFormat>.Bias, significand);
        }

        int shift = BitOperations.LeadingZeroCount(fraction) - 1;
        return new Unpacked(negative, 1 - FloatFormat<TFormat>.Bias + TopBit - TFormat.FractionBits - shift, fraction << shift);
    }
}

/// <summary>Exact values become results of a format: rounding, overflow, underflow. Intel SDM Vol. 1, "Floating-Point Exceptions".</summary>
internal static class Rounding
{
    /// <summary>Shifts right; a 1 that falls out sticks in bit 0, so that rounding still sees it.</summary>
    /// <param name="value">The value.</param>
    /// <param name="count">By how much, not negative.</param>
    /// <returns>The shifted value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ShiftRightSticky(ulong value, int count)
    {
        if (count > 63)
        {
            return value != 0 ? 1UL : 0;
        }

        ulong lost = value & ((1UL << count) - 1);
        return (value >> count) | (lost != 0 ? 1UL : 0);
    }

    /// <summary>Drops low bits and rounds.</summary>
    /// <param name="value">The magnitude.</param>
    /// <param name="drop">How many bits are dropped; from 64 on all are.</param>
    /// <param name="negative">The sign.</param>
    /// <param name="mode">How to round.</param>
    /// <param name="inexact">Whether a dropped bit was 1.</param>
    /// <returns>The bits kept, perhaps one unit more.</returns>
    public static ulong Drop(ulong value, int drop, bool negative, RoundingMode mode, out bool inexact)
    {
        if (drop > 63)
        {
            value = value != 0 ? 1UL : 0;
            drop = 2; // less than half a unit
        }

        ulong kept = value >> drop;
        ulong rest = value & ((1UL << drop) - 1);
        inexact = rest != 0;
        ulong half = (1UL << drop) >> 1;
        bool up = inexact && mode switch
        {
            RoundingMode.Nearest => rest > half || (rest == half && (kept & 1) != 0),
            RoundingMode.Down => negative,
            RoundingMode.Up => !negative,
            _ => false,
        };
        return up ? kept + 1 : kept;
    }

    /// <summary>Rounds an exact value to a format and raises what comes of it.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="value">The value; the significand's bit 0 may stand for all bits below.</param>
    /// <param name="status">The rounding mode and the exceptions.</param>
    /// <returns>The result, as with the exception masked.</returns>
    public static ulong Round<TFormat>(in Unpacked value, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        int drop = Unpacked.TopBit - TFormat.FractionBits;
        int biased = value.Exponent + FloatFormat<TFormat>.Bias;
        ulong kept = Drop(value.Significand, drop, value.Negative, status.Rounding, out bool inexact);
        bool carries = kept >> (TFormat.FractionBits + 1) != 0;
        if (biased + (carries ? 1 : 0) < 1)
        {
            return RoundTiny<TFormat>(value, inexact, ref status);
        }

        if (biased < 1)
        {
            // Rounded up to the smallest normal number: not tiny, for SSE detects tininess after rounding. It is inexact as rounded there.
            kept = Drop(ShiftRightSticky(value.Significand, 1 - biased), drop, value.Negative, status.Rounding, out inexact);
            status.Raise(inexact ? Mxcsr.Precision : 0);
            return FloatFormat<TFormat>.Signed(value.Negative, kept);
        }

        // The fraction's carry, and the integer bit, add to the exponent.
        ulong magnitude = ((ulong)(biased - 1) << TFormat.FractionBits) + kept;
        if (biased + (carries ? 1 : 0) >= FloatFormat<TFormat>.MaxExponent)
        {
            return Overflow<TFormat>(value.Negative, inexact, ref status);
        }

        status.Raise(inexact ? Mxcsr.Precision : 0);
        return FloatFormat<TFormat>.Signed(value.Negative, magnitude);
    }

    private static ulong RoundTiny<TFormat>(in Unpacked value, bool inexactIfUnbounded, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        if (status.FlushesToZero)
        {
            status.Raise(Mxcsr.Underflow | Mxcsr.Precision);
            return FloatFormat<TFormat>.Signed(value.Negative, 0);
        }

        int biased = value.Exponent + FloatFormat<TFormat>.Bias;
        ulong shifted = ShiftRightSticky(value.Significand, 1 - biased);
        ulong kept = Drop(shifted, Unpacked.TopBit - TFormat.FractionBits, value.Negative, status.Rounding, out bool inexact);
        if (!status.UnderflowIsMasked)
        {
            status.Raise(Mxcsr.Underflow | (inexactIfUnbounded ? Mxcsr.Precision : 0));
        }
        else if (inexact)
        {
            status.Raise(Mxcsr.Underflow | Mxcsr.Precision);
        }

        return FloatFormat<TFormat>.Signed(value.Negative, kept);
    }

    private static ulong Overflow<TFormat>(bool negative, bool inexactIfUnbounded, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        status.Raise(Mxcsr.Overflow | (status.OverflowIsMasked || inexactIfUnbounded ? Mxcsr.Precision : 0));
        bool toInfinity = status.Rounding switch
        {
            RoundingMode.Nearest => true,
            RoundingMode.Down => negative,
            RoundingMode.Up => !negative,
            _ => false,
        };
        return FloatFormat<TFormat>.Signed(negative, toInfinity ? FloatFormat<TFormat>.Infinity : FloatFormat<TFormat>.MaxFinite);
    }
}
