using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>The two narrower formats in memory. Intel SDM Vol. 1, "Floating-Point Data Types".</summary>
internal static class BinaryFormat
{
    private const int SingleFraction = 23;
    private const int SingleBias = 127;
    private const int DoubleFraction = 52;
    private const int DoubleBias = 1023;

    /// <summary>Widens single precision; NaNs keep their payload and stay signaling.</summary>
    /// <param name="value">The bits.</param>
    /// <param name="env">Learns of a denormal source.</param>
    /// <returns>The same value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 FromSingle(uint value, ref FloatEnvironment env) =>
        Widen(value & 0x7FFF_FFFF, (value >> 31) << 15, SingleFraction, SingleBias, ref env);

    /// <summary>Widens double precision; NaNs keep their payload and stay signaling.</summary>
    /// <param name="value">The bits.</param>
    /// <param name="env">Learns of a denormal source.</param>
    /// <returns>The same value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 FromDouble(ulong value, ref FloatEnvironment env) =>
        Widen(value & 0x7FFF_FFFF_FFFF_FFFF, (uint)(value >> 63) << 15, DoubleFraction, DoubleBias, ref env);

    /// <summary>Rounds to single precision. FST m32fp.</summary>
    /// <param name="a">The value.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The bits.</returns>
    public static uint ToSingle(Float80 a, ref FloatEnvironment env) => (uint)Narrow(a, SingleFraction, SingleBias, ref env);

    /// <summary>Rounds to double precision. FST m64fp.</summary>
    /// <param name="a">The value.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The bits.</returns>
    public static ulong ToDouble(Float80 a, ref FloatEnvironment env) => Narrow(a, DoubleFraction, DoubleBias, ref env);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Float80 Widen(ulong magnitude, uint sign, int fractionBits, int bias, ref FloatEnvironment env)
    {
        uint exponent = (uint)(magnitude >> fractionBits);
        ulong fraction = magnitude << (63 - fractionBits);
        if (exponent - 1 < (uint)(2 * bias))
        {
            return new Float80((ushort)(sign | (exponent + (uint)(Float80.Bias - bias))), fraction | Float80.IntegerBit);
        }

        return WidenSpecial(magnitude, sign, exponent, fraction, fractionBits, bias, ref env);
    }

    private static Float80 WidenSpecial(
        ulong magnitude, uint sign, uint exponent, ulong fraction, int fractionBits, int bias, ref FloatEnvironment env)
    {
        if (exponent != 0)
        {
            return new Float80((ushort)(sign | Float80.SpecialExponent), fraction | Float80.IntegerBit);
        }

        if (magnitude == 0)
        {
            return new Float80((ushort)sign, 0);
        }

        env.DenormalSource = true;
        int shift = System.Numerics.BitOperations.LeadingZeroCount(magnitude);
        int normalized = Float80.Bias - bias + 64 - shift - fractionBits;
        return new Float80((ushort)(sign | (uint)normalized), magnitude << shift);
    }

    private static ulong Narrow(Float80 a, int fractionBits, int bias, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, ref env, out Float80 answer))
        {
            a = answer;
        }

        var x = new FloatOperand(a);
        ulong special = ((2UL * (ulong)bias) + 1) << fractionBits;
        int signShift = System.Numerics.BitOperations.Log2(special) + 1;
        ulong sign = (a.IsNegative ? 1UL : 0) << signShift;
        if (x.IsZero)
        {
            return sign;
        }

        int dropped = 63 - fractionBits;
        if (x.Class >= FloatClass.Infinity)
        {
            return sign | special | ((a.Significand & ~Float80.IntegerBit) >> dropped);
        }

        int exponent = x.Exponent - Float80.Bias + bias;
        ulong rounded = FloatRounding.Round(x.Significand, 0, dropped, env.Rounding, x.IsNegative, out bool inexact, out bool up);
        int roundedExponent = rounded == 0 ? exponent + 1 : exponent;
        if (roundedExponent < 1)
        {
            return sign | NarrowTiny(x, exponent, dropped, ref env);
        }

        if (roundedExponent <= 2 * bias)
        {
            env.Raise((inexact ? X87Status.Precision : 0) | (up ? X87Status.C1 : 0));
            return sign | ((ulong)roundedExponent << fractionBits) | ((rounded & ~Float80.IntegerBit) >> dropped);
        }

        FloatRoundingMode away = x.IsNegative ? FloatRoundingMode.Down : FloatRoundingMode.Up;
        bool infinite = env.Rounding == FloatRoundingMode.Nearest || env.Rounding == away;
        env.Raise(X87Status.Overflow);
        if (env.Masks(X87Status.Overflow))
        {
            env.Raise(X87Status.Precision | (infinite ? X87Status.C1 : 0));
        }

        return sign | (infinite ? special : special - 1);
    }

    // Tiny after rounding. Masked, UE needs a loss too; unmasked, tininess alone raises it, nothing is stored, and so nothing was rounded.
    private static ulong NarrowTiny(in FloatOperand x, int exponent, int dropped, ref FloatEnvironment env)
    {
        if (!env.Masks(X87Status.Underflow))
        {
            env.Raise(X87Status.Underflow);
            return 0;
        }

        ulong high = x.Significand;
        ulong low = 0;
        FloatRounding.ShiftRightSticky(ref high, ref low, 1 - exponent);
        ulong rounded = FloatRounding.Round(high, low, dropped, env.Rounding, x.IsNegative, out bool inexact, out bool up);
        env.Raise((inexact ? X87Status.Underflow | X87Status.Precision : 0) | (up ? X87Status.C1 : 0));
        return rounded >> dropped;
    }
}
