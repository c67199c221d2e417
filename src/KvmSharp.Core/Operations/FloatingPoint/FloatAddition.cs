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
        if (env.IsDefault && !env.DenormalSource && TryNearest(a, b, flip, out Float80 result, out int status))
        {
            env.Raise(status);
            return result;
        }

        return SumFully(a, b, flip, ref env);
    }

    /// <summary>Adds normal numbers and rounds to nearest at 64 bits: without a branch that depends on their signs and sizes, for nobody could foresee it.</summary>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="flip">0 to add, the sign bit to subtract.</param>
    /// <param name="result">The result.</param>
    /// <param name="status">PE and C1, when they are raised.</param>
    /// <returns><see langword="false"/> for operands or results that are not normal, unless they are zero.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, int flip, out Float80 result, out int status)
    {
        status = 0;
        if (!a.IsNormal || !b.IsNormal)
        {
            // One zero leaves the other operand as it is.
            bool fromB = a.IsZero;
            result = fromB ? new Float80((ushort)(b.SignExponent ^ flip), b.Significand) : a;
            return result.IsNormal && (fromB || b.IsZero);
        }

        // The operand with the larger exponent comes first.
        int distance = a.Exponent - b.Exponent;
        ulong swap = (ulong)(distance >> 31);
        ulong difference = (a.Significand ^ b.Significand) & swap;
        ulong first = a.Significand ^ difference;
        ulong second = b.Significand ^ difference;
        int exponent = a.Exponent - (distance & (int)swap);
        int signB = (b.SignExponent ^ flip) & Float80.SignBit;
        ulong subtract = 0 - (ulong)(((a.SignExponent ^ signB) >> 15) & 1);
        int sign = (a.SignExponent & Float80.SignBit) ^ ((int)(swap & subtract) & Float80.SignBit);
        distance = (distance ^ (int)swap) - (int)swap;

        // Both one bit to the right in 128 bits, so that a carry has room.
        ulong high = first >> 1;
        ulong low = first << 63;
        ulong alignedHigh = distance < 63 ? second >> (distance + 1) : 0;
        ulong alignedLow = distance < 63 ? second << (63 - distance) : Far(second, distance - 63);
        ulong addend = alignedLow ^ subtract;
        ulong sum = low + addend;
        ulong carry = sum < low ? 1UL : 0;
        low = sum + (subtract & 1);
        carry += low < sum ? 1UL : 0;
        high += (alignedHigh ^ subtract) + carry;

        // Negative only when the exponents were the same.
        ulong negative = (ulong)((long)high >> 63) & subtract;
        low = (low ^ negative) + (negative & 1);
        high = (high ^ negative) + (negative & 1 & (low == 0 ? 1UL : 0));
        sign ^= (int)negative & Float80.SignBit;
        if (high == 0)
        {
            // The operands were next to each other: what is left is at the top of the lower half.
            if (low == 0)
            {
                result = default;
                return true;
            }

            high = low;
            low = 0;
            exponent -= 64;
        }

        int shift = BitOperations.LeadingZeroCount(high);
        high = (high << shift) | (low >> 1 >> (63 - shift));
        low <<= shift;
        return FloatRounding.TryPackNearest(sign, exponent + 1 - shift, high, low, out result, out status);
    }

    // Shifts right; what leaves stays as a sticky bit.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Far(ulong value, int count)
    {
        ulong lost = count == 0 ? 0 : value << (64 - count);
        return count < 64 ? (value >> count) | (lost != 0 ? 1UL : 0) : 1;
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
