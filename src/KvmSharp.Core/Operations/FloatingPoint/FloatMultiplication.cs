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
        if (a.IsNormal && b.IsNormal && env.IsDefault && !env.DenormalSource)
        {
            int exponent = a.Exponent + b.Exponent - Float80.Bias;
            Multiply(a.Significand, b.Significand, ref exponent, out ulong high, out ulong low);
            return FloatRounding.PackNearest((a.SignExponent ^ b.SignExponent) & Float80.SignBit, exponent, high, low, ref env);
        }

        return ProductFully(a, b, ref env);
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

    // 1.x times 1.x lies in [1, 4): at most one place to normalize.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Multiply(ulong a, ulong b, ref int exponent, out ulong high, out ulong low)
    {
        high = Math.BigMul(a, b, out low);
        if ((long)high < 0)
        {
            exponent++;
        }
        else
        {
            high = (high << 1) | (low >> 63);
            low <<= 1;
        }
    }
}
