namespace KvmSharp.Operations.FloatingPoint;

/// <summary>F2XM1. Intel SDM Vol. 2A, "F2XM1: Compute 2^x-1".</summary>
/// <remarks>
/// With t = x ln 2 / 16, e^t - 1 is a short power series; E(2t) = E(t) (2 + E(t)) leads back to x in four steps without cancellation.
/// Beyond [-1, 1] the manual leaves the result undefined; here the operand stays.
/// </remarks>
internal static class FloatExponential
{
    private const int Doublings = 4;

    /// <summary>Computes 2^x - 1.</summary>
    /// <param name="a">x.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The result.</returns>
    public static Float80 PowerOfTwoLessOne(Float80 a, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        if (x.IsInfinity)
        {
            return x.IsNegative ? Float80.One.Negated() : a;
        }

        if (env.StopsForDenormal(x.Class, x.Class) || x.IsZero)
        {
            return a;
        }

        if (x.Exponent >= Float80.Bias)
        {
            env.Raise(X87Status.Precision); // as WideFloat.Round does
            return IsMinusOne(x) ? new Float80(negative: true, Float80.Bias - 1, Float80.IntegerBit) : a;
        }

        WideFloat t = (new WideFloat(x) * FloatConstants.LnOf2).Scaled(-Doublings);
        UInt128 series = FixedPoint.Sum(FixedPoint.Exponential, t.ToFraction(), alternating: t.IsNegative);
        WideFloat result = t * new WideFloat(false, 0, series);
        for (int i = 0; i < Doublings; i++)
        {
            result = result.Scaled(1) + (result * result);
        }

        return result.Round(isExact: false, ref env);
    }

    private static bool IsMinusOne(in FloatOperand x) =>
        x.IsNegative && x.Exponent == Float80.Bias && x.Significand == Float80.IntegerBit;
}
