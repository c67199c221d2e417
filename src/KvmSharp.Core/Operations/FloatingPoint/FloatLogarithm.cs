namespace KvmSharp.Operations.FloatingPoint;

/// <summary>FYL2X and FYL2XP1.</summary>
/// <remarks>
/// log2(m) = 2/ln 2 * artanh(s) with s = (m - 1)/(m + 1), a power series in s^2; m is brought into [1/sqrt 2, sqrt 2], so that s^2 is
/// below 0.03. Near 1 no digits cancel, for m - 1 is exact.
/// </remarks>
internal static class FloatLogarithm
{
    /// <summary>The square root of 2, to 64 bits: where the exponent changes sides.</summary>
    private const ulong RootOfTwo = 0xB504_F333_F9DE_6484;

    /// <summary>Computes y log2(x). Intel SDM Vol. 2A, "FYL2X: Compute y * log2x".</summary>
    /// <param name="a">x, ST(0).</param>
    /// <param name="b">y, ST(1).</param>
    /// <param name="env">The environment.</param>
    /// <returns>The result.</returns>
    public static Float80 TimesLog2(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if (x.IsNegative && !x.IsZero)
        {
            return env.Invalid();
        }

        if (x.IsZero)
        {
            return TimesLog2OfZero(y, ref env);
        }

        bool isOne = x.Exponent == Float80.Bias && x.Significand == Float80.IntegerBit;
        if ((y.IsInfinity && isOne) || (x.IsInfinity && y.IsZero))
        {
            return env.Invalid();
        }

        if (env.StopsForDenormal(x.Class, y.Class))
        {
            return default;
        }

        bool negative = y.IsNegative != (x.Exponent < Float80.Bias);
        if (x.IsInfinity || y.IsInfinity)
        {
            return Float80.Infinity(negative);
        }

        if (y.IsZero || isOne)
        {
            return Float80.Zero(negative);
        }

        WideFloat logarithm = Log2(new WideFloat(x), out bool exact);
        return (new WideFloat(y) * logarithm).Round(exact, ref env);
    }

    /// <summary>Computes y log2(x + 1). Intel SDM Vol. 2A, "FYL2XP1: Compute y * log2(x +1)".</summary>
    /// <param name="a">x, ST(0); outside of the range of the manual the result is what the logarithm is, and IE at -1 and below.</param>
    /// <param name="b">y, ST(1).</param>
    /// <param name="env">The environment.</param>
    /// <returns>The result.</returns>
    public static Float80 TimesLog2OfSum(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        bool atMostMinusOne = x.IsNegative && x.Exponent >= Float80.Bias && !x.IsZero;
        if (atMostMinusOne || (x.IsInfinity && y.IsZero) || (x.IsZero && y.IsInfinity))
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

        // Below 1/4 the quotient is formed without 1 + x, which would lose the digits of a small x.
        var wide = new WideFloat(x);
        WideFloat logarithm = x.Exponent < Float80.Bias - 2
            ? FromQuotient(wide / (WideFloat.FromInteger(2) + wide))
            : Log2(wide + WideFloat.FromInteger(1), out _);
        return (new WideFloat(y) * logarithm).Round(isExact: false, ref env);
    }

    private static Float80 TimesLog2OfZero(in FloatOperand y, ref FloatEnvironment env)
    {
        if (y.IsZero)
        {
            return env.Invalid();
        }

        if (!y.IsInfinity)
        {
            env.Raise(X87Status.ZeroDivide);
        }

        return Float80.Infinity(!y.IsNegative);
    }

    private static WideFloat Log2(WideFloat x, out bool exact)
    {
        int exponent = (ulong)(x.Significand >> 64) >= RootOfTwo ? x.Exponent + 1 : x.Exponent;
        WideFloat m = x.Scaled(-exponent);
        WideFloat excess = m - WideFloat.FromInteger(1);
        exact = excess.IsZero;
        return exact
            ? WideFloat.FromInteger(exponent)
            : WideFloat.FromInteger(exponent) + FromQuotient(excess / (m + WideFloat.FromInteger(1)));
    }

    private static WideFloat FromQuotient(WideFloat s)
    {
        UInt128 square = (s * s).ToFraction();
        UInt128 series = FixedPoint.Sum(FixedPoint.OddReciprocals, square, alternating: false);
        return s * new WideFloat(false, 0, series) * FloatConstants.Log2OfE.Scaled(1);
    }
}
