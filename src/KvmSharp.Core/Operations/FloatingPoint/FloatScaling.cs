namespace KvmSharp.Operations.FloatingPoint;

/// <summary>FSCALE and FXTRACT: exponents as numbers.</summary>
internal static class FloatScaling
{
    // Beyond this every exponent overflows or underflows, even an adjusted one.
    private const int FarBeyond = 0x1_0000;

    /// <summary>Multiplies by a power of two. Intel SDM Vol. 2A, "FSCALE: Scale".</summary>
    /// <param name="a">The value.</param>
    /// <param name="b">The power, truncated to an integer.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The result.</returns>
    public static Float80 Scale(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if (y.IsInfinity && (y.IsNegative ? x.IsInfinity : x.IsZero))
        {
            return env.Invalid();
        }

        if (env.StopsForDenormal(x.Class, y.Class) || x.IsInfinity || x.IsZero)
        {
            return a;
        }

        if (y.IsInfinity)
        {
            return y.IsNegative ? Float80.Zero(x.IsNegative) : Float80.Infinity(x.IsNegative);
        }

        return FloatRounding.Pack(x.IsNegative, x.Exponent + Truncate(y), x.Significand, 0, 0, ref env);
    }

    /// <summary>Separates exponent and significand. Intel SDM Vol. 2A, "FXTRACT: Extract Exponent and Significand".</summary>
    /// <param name="a">The value.</param>
    /// <param name="exponent">Its unbiased exponent; of zero minus infinity, with ZE.</param>
    /// <param name="env">The environment.</param>
    /// <returns>Its significand, in [1, 2) with its sign.</returns>
    public static Float80 Extract(Float80 a, out Float80 exponent, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, ref env, out Float80 answer))
        {
            exponent = answer;
            return answer;
        }

        var x = new FloatOperand(a);
        if (x.IsInfinity)
        {
            exponent = Float80.Infinity(negative: false);
            return a;
        }

        if (x.IsZero)
        {
            env.Raise(X87Status.ZeroDivide);
            exponent = Float80.Infinity(negative: true);
            return a;
        }

        env.StopsForDenormal(x.Class, x.Class);
        exponent = IntegerConversion.FromInt64(x.Exponent - Float80.Bias);
        return new Float80(x.IsNegative, Float80.Bias, x.Significand);
    }

    private static int Truncate(in FloatOperand power)
    {
        int bits = power.Exponent - Float80.Bias;
        if (power.IsZero || bits < 0)
        {
            return 0;
        }

        ulong magnitude = bits > 63 ? ulong.MaxValue : power.Significand >> (63 - bits);
        int distance = (int)Math.Min(magnitude, FarBeyond);
        return power.IsNegative ? -distance : distance;
    }
}
