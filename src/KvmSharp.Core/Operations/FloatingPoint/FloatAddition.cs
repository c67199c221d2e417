using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>Addition and subtraction of 80-bit values.</summary>
internal static class FloatAddition
{
    /// <summary>Adds, or subtracts.</summary>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="flip">0 to add, the sign bit to subtract.</param>
    /// <param name="env">The environment.</param>
    /// <returns>a + b or a - b.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Sum(Float80 a, Float80 b, ushort flip, ref FloatEnvironment env)
    {
        if (a.IsNormal && b.IsNormal && env.IsDefault && !env.DenormalSource)
        {
            int sign = a.SignExponent & Float80.SignBit;
            bool subtract = ((a.SignExponent ^ b.SignExponent ^ flip) & Float80.SignBit) != 0;
            int exponent = a.Exponent;
            if (TryAddMagnitudes(a.Significand, ref exponent, b.Significand, b.Exponent, subtract, ref sign, out ulong high, out ulong low))
            {
                return FloatRounding.PackNearest(sign, exponent, high, low, ref env);
            }

            return Float80.Zero(negative: false);
        }

        return SumFully(a, b, flip, ref env);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Float80 SumFully(Float80 a, Float80 b, ushort flip, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        b.SignExponent ^= flip;
        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if (x.IsInfinity && y.IsInfinity && x.IsNegative != y.IsNegative)
        {
            return env.Invalid();
        }

        if (env.StopsForDenormal(x.Class, y.Class))
        {
            return default;
        }

        if (x.IsInfinity || y.IsInfinity)
        {
            return x.IsInfinity ? a : b;
        }

        bool negativeZero = env.Rounding == FloatRoundingMode.Down;
        if (x.IsZero && y.IsZero)
        {
            return x.IsNegative == y.IsNegative ? a : Float80.Zero(negativeZero);
        }

        if (x.IsZero || y.IsZero)
        {
            FloatOperand other = x.IsZero ? y : x;
            return FloatRounding.Pack(other.IsNegative, other.Exponent, other.Significand, 0, env.DroppedBits, ref env);
        }

        int sign = x.IsNegative ? Float80.SignBit : 0;
        int exponent = x.Exponent;
        return TryAddMagnitudes(x.Significand, ref exponent, y.Significand, y.Exponent, x.IsNegative != y.IsNegative, ref sign, out ulong high, out ulong low)
            ? FloatRounding.Pack(sign != 0, exponent, high, low, env.DroppedBits, ref env)
            : Float80.Zero(negativeZero);
    }

    /// <summary>Adds or subtracts normalized magnitudes; the result is normalized, with a sticky bit at its end.</summary>
    /// <returns><see langword="false"/> when the result is zero.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryAddMagnitudes(
        ulong a, ref int exponent, ulong b, int exponentB, bool subtract, ref int sign, out ulong high, out ulong low)
    {
        int distance = exponent - exponentB;
        if (distance < 0 || (distance == 0 && a < b))
        {
            (a, b) = (b, a);
            exponent = exponentB;
            distance = -distance;
            sign ^= subtract ? Float80.SignBit : 0;
        }

        ulong alignedLow = 0;
        if (distance < 64)
        {
            // Nothing is lost: all 64 bits of b fit into the pair.
            alignedLow = distance == 0 ? 0 : b << (64 - distance);
            b >>= distance;
        }
        else
        {
            FloatRounding.ShiftRightSticky(ref b, ref alignedLow, distance);
        }

        if (!subtract)
        {
            high = a + b;
            low = alignedLow;
            if (high < a)
            {
                low = (low >> 1) | (low & 1) | (high << 63);
                high = (high >> 1) | Float80.IntegerBit;
                exponent++;
            }

            return true;
        }

        low = 0 - alignedLow;
        high = a - b - (alignedLow != 0 ? 1UL : 0);
        if ((long)high < 0)
        {
            return true;
        }

        if (high == 0)
        {
            // The operands were next to each other: at most one bit is left in the lower half.
            if (low == 0)
            {
                return false;
            }

            high = low;
            low = 0;
            exponent -= 64;
        }

        int shift = BitOperations.LeadingZeroCount(high);
        if (shift != 0)
        {
            high = (high << shift) | (low >> (64 - shift));
            low <<= shift;
            exponent -= shift;
        }

        return true;
    }
}
