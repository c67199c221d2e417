using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>Multiplication of 80-bit values.</summary>
internal static class FloatMultiplication
{
    /// <summary>Multiplies.</summary>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="env">The environment.</param>
    /// <returns>a * b.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Float80 Product(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (env.IsDefault && !env.DenormalSource && TryNearest(a, b, out Float80 result, out int status))
        {
            env.Raise(status);
            return result;
        }

        return ProductFully(a, b, ref env);
    }

    /// <summary>Multiplies normal numbers and rounds to nearest at 64 bits.</summary>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
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

        int exponent = a.Exponent + b.Exponent - Float80.Bias;
        Multiply(a.Significand, b.Significand, ref exponent, out ulong high, out ulong low);
        return FloatRounding.TryPackNearest((a.SignExponent ^ b.SignExponent) & Float80.SignBit, exponent, high, low, out result, out status);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Float80 ProductFully(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if ((x.IsInfinity && y.IsZero) || (x.IsZero && y.IsInfinity))
        {
            return env.Invalid();
        }

        if (env.StopsForDenormal(x.Class, y.Class))
        {
            return default;
        }

        bool negative = x.IsNegative != y.IsNegative;
        if (x.IsInfinity || y.IsInfinity)
        {
            return Float80.Infinity(negative);
        }

        if (x.IsZero || y.IsZero)
        {
            return Float80.Zero(negative);
        }

        int exponent = x.Exponent + y.Exponent - Float80.Bias;
        Multiply(x.Significand, y.Significand, ref exponent, out ulong high, out ulong low);
        return FloatRounding.Pack(negative, exponent, high, low, env.DroppedBits, ref env);
    }

    // 1.x times 1.x lies in [1, 4): at most one place to normalize, as often as not.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(ulong a, ulong b, ref int exponent, out ulong high, out ulong low)
    {
        high = Math.BigMul(a, b, out low);
        int top = (int)(high >> 63);
        int shift = 1 - top;
        high = (high << shift) | ((low >> 63) & (ulong)shift);
        low <<= shift;
        exponent += top;
    }
}
