using System.Numerics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>Conversions of one element: to and from integers, between formats, to an integral value.</summary>
internal static class FloatConversions
{
    /// <summary>Converts to a signed integer.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="bits">The integer's width: 32 or 64.</param>
    /// <param name="status">The rounding mode; receives #I for what does not fit, and #P.</param>
    /// <returns>The integer; the one with only its top bit set, "integer indefinite", for what does not fit.</returns>
    public static ulong ToInteger<TFormat>(ulong value, int bits, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        value = SpecialOperands.Read<TFormat>(value, status);
        ulong indefinite = 1UL << (bits - 1);
        if (FloatFormat<TFormat>.IsZero(value))
        {
            return 0;
        }

        Unpacked number = Unpacked.From<TFormat>(value);
        bool finite = (value & FloatFormat<TFormat>.MagnitudeMask) < FloatFormat<TFormat>.Infinity;
        if (finite && number.Exponent <= Unpacked.TopBit)
        {
            ulong magnitude = Rounding.Drop(number.Significand, Unpacked.TopBit - number.Exponent, number.Negative, status.Rounding, out bool inexact);
            if (magnitude < indefinite || (magnitude == indefinite && number.Negative))
            {
                status.Raise(inexact ? Mxcsr.Precision : 0);
                return (number.Negative ? 0 - magnitude : magnitude) & ((indefinite << 1) - 1);
            }
        }
        else if (finite && number == new Unpacked(true, bits - 1, 1UL << Unpacked.TopBit))
        {
            return indefinite; // -2^63 is a number
        }

        status.Raise(Mxcsr.Invalid);
        return indefinite;
    }

    /// <summary>Converts a signed integer.</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="value">The integer.</param>
    /// <param name="status">The rounding mode; receives #P.</param>
    /// <returns>The value.</returns>
    public static ulong FromInteger<TFormat>(long value, ref FloatStatus status)
        where TFormat : struct, IFloatFormat =>
        FromMagnitude<TFormat>(value < 0, value < 0 ? 0 - (ulong)value : (ulong)value, ref status);

    /// <summary>Rounds to an integral value. Intel SDM Vol. 2B, "ROUNDPD".</summary>
    /// <typeparam name="TFormat">The format.</typeparam>
    /// <param name="value">The value.</param>
    /// <param name="mode">How to round.</param>
    /// <param name="status">Receives #I for a signalling NaN, and #P.</param>
    /// <returns>The integral value.</returns>
    public static ulong ToIntegral<TFormat>(ulong value, RoundingMode mode, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        value = SpecialOperands.Read<TFormat>(value, status);
        if (SpecialOperands.TryNaN<TFormat>(value, value, ref status, out ulong nan))
        {
            return nan;
        }

        if (FloatFormat<TFormat>.IsZero(value) || FloatFormat<TFormat>.IsInfinity(value))
        {
            return value;
        }

        Unpacked number = Unpacked.From<TFormat>(value);
        if (number.Exponent >= TFormat.FractionBits)
        {
            return value;
        }

        ulong magnitude = Rounding.Drop(number.Significand, Unpacked.TopBit - number.Exponent, number.Negative, mode, out bool inexact);
        status.Raise(inexact ? Mxcsr.Precision : 0);
        return FromMagnitude<TFormat>(number.Negative, magnitude, ref status);
    }

    /// <summary>Converts between the formats. Intel SDM Vol. 2A, "CVTPD2PS", "CVTPS2PD".</summary>
    /// <typeparam name="TFrom">The operand's format.</typeparam>
    /// <typeparam name="TTo">The result's.</typeparam>
    /// <param name="value">The operand.</param>
    /// <param name="status">The rounding mode and the exceptions.</param>
    /// <returns>The result.</returns>
    public static ulong Convert<TFrom, TTo>(ulong value, ref FloatStatus status)
        where TFrom : struct, IFloatFormat
        where TTo : struct, IFloatFormat
    {
        value = SpecialOperands.Read<TFrom>(value, status);
        bool negative = FloatFormat<TFrom>.IsNegative(value);
        if (SpecialOperands.TryNaN<TFrom>(value, value, ref status, out ulong nan))
        {
            // The payload keeps its top bits.
            int widening = TTo.FractionBits - TFrom.FractionBits;
            ulong payload = nan & FloatFormat<TFrom>.FractionMask;
            payload = widening > 0 ? payload << widening : payload >> -widening;
            return FloatFormat<TTo>.Signed(negative, FloatFormat<TTo>.Infinity | payload);
        }

        if (FloatFormat<TFrom>.IsZero(value) || FloatFormat<TFrom>.IsInfinity(value))
        {
            return FloatFormat<TTo>.Signed(negative, FloatFormat<TFrom>.IsZero(value) ? 0 : FloatFormat<TTo>.Infinity);
        }

        SpecialOperands.NoteDenormals<TFrom>(value, value, ref status);
        return Rounding.Round<TTo>(Unpacked.From<TFrom>(value), ref status);
    }

    private static ulong FromMagnitude<TFormat>(bool negative, ulong magnitude, ref FloatStatus status)
        where TFormat : struct, IFloatFormat
    {
        if (magnitude == 0)
        {
            return FloatFormat<TFormat>.Signed(negative, 0);
        }

        int shift = BitOperations.LeadingZeroCount(magnitude) - 1;
        ulong significand = shift < 0 ? Rounding.ShiftRightSticky(magnitude, 1) : magnitude << shift;
        return Rounding.Round<TFormat>(new Unpacked(negative, Unpacked.TopBit - shift, significand), ref status);
    }
}
