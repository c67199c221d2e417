using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>Division of 80-bit values.</summary>
internal static class FloatDivision
{
    /// <summary>Divides.</summary>
    /// <param name="a">The dividend.</param>
    /// <param name="b">The divisor.</param>
    /// <param name="env">The environment.</param>
    /// <returns>a / b.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Quotient(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (env.IsDefault && !env.DenormalSource && TryNearest(a, b, out Float80 result, out int status))
        {
            env.Raise(status);
            return result;
        }

        return QuotientFully(a, b, ref env);
    }

    /// <summary>Divides normal numbers and rounds to nearest at 64 bits.</summary>
    /// <param name="a">The dividend.</param>
    /// <param name="b">The divisor.</param>
    /// <param name="result">The result.</param>
    /// <param name="status">PE and C1, when they are raised.</param>
    /// <returns><see langword="false"/> when the operands or the result are not normal.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryNearest(Float80 a, Float80 b, out Float80 result, out int status)
    {
        if (!a.IsNormal || !b.IsNormal)
        {
            (result, status) = (default, 0);
            return false;
        }

        int exponent = a.Exponent - b.Exponent + Float80.Bias;
        Divide(a.Significand, b.Significand, ref exponent, out ulong high, out ulong low);
        return FloatRounding.TryPackNearest((a.SignExponent ^ b.SignExponent) & Float80.SignBit, exponent, high, low, out result, out status);
    }

    /// <summary>Divides 128 bits by 64.</summary>
    /// <param name="high">The dividend's upper half, less than the divisor.</param>
    /// <param name="low">The dividend's lower half.</param>
    /// <param name="divisor">The divisor, top bit set.</param>
    /// <param name="remainder">What is left.</param>
    /// <returns>The quotient.</returns>
    /// <remarks>Two digits of 32 bits, each estimated from the divisor's upper half and then at most two too large: Knuth, TAOCP Vol. 2, 4.3.1, algorithm D.</remarks>
    public static ulong Divide128(ulong high, ulong low, ulong divisor, out ulong remainder)
    {
        ulong first = Digit(high, low >> 32, divisor, out ulong rest);
        ulong second = Digit(rest, (uint)low, divisor, out remainder);
        return (first << 32) | second;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Float80 QuotientFully(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if ((x.IsInfinity && y.IsInfinity) || (x.IsZero && y.IsZero))
        {
            return env.Invalid();
        }

        // Division by zero comes before the denormal exception. SDM Vol. 1, "Floating-Point Exception Priority".
        bool negative = x.IsNegative != y.IsNegative;
        if (y.IsZero && !x.IsInfinity)
        {
            env.Raise(X87Status.ZeroDivide);
            return Float80.Infinity(negative);
        }

        if (env.StopsForDenormal(x.Class, y.Class))
        {
            return default;
        }

        if (x.IsInfinity || y.IsInfinity || x.IsZero)
        {
            return x.IsInfinity ? Float80.Infinity(negative) : Float80.Zero(negative);
        }

        int exponent = x.Exponent - y.Exponent + Float80.Bias;
        Divide(x.Significand, y.Significand, ref exponent, out ulong high, out ulong low);
        return FloatRounding.Pack(negative, exponent, high, low, env.DroppedBits, ref env);
    }

    // The dividend is halved when it is not less than the divisor, so that the quotient's top bit is set and no more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Divide(ulong a, ulong b, ref int exponent, out ulong high, out ulong low)
    {
        ulong dividendLow = 0;
        if (a >= b)
        {
            dividendLow = a << 63;
            a >>= 1;
        }
        else
        {
            exponent--;
        }

        high = Divide128(a, dividendLow, b, out ulong rest);
        low = 0;
        if (rest != 0)
        {
            // Only its relation to one half counts, and two quotients of 64 bits are never a tie.
            low = rest > b - rest ? ulong.MaxValue : 1;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ulong Digit(ulong high, ulong next, ulong divisor, out ulong remainder)
    {
        ulong divisorHigh = divisor >> 32;
        ulong digit = high / divisorHigh;
        ulong rest = high - (digit * divisorHigh);
        ulong excess = digit * (uint)divisor;
        while (digit > uint.MaxValue || excess > ((rest << 32) | next))
        {
            digit--;
            excess -= (uint)divisor;
            rest += divisorHigh;
            if (rest > uint.MaxValue)
            {
                break;
            }
        }

        remainder = (high << 32) + next - (digit * divisor);
        return digit;
    }
}
