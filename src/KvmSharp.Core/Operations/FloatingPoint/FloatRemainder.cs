namespace KvmSharp.Operations.FloatingPoint;

/// <summary>The partial remainders. Intel SDM Vol. 2A, "FPREM: Partial Remainder" and "FPREM1: Partial Remainder".</summary>
internal static class FloatRemainder
{
    private const int CompleteBelow = 64;

    /// <summary>Takes the partial remainder, and notes in C2 whether it is not yet complete, else the quotient's low bits in C0, C3 and C1.</summary>
    /// <param name="a">The dividend.</param>
    /// <param name="b">The divisor.</param>
    /// <param name="nearest">FPREM1: the quotient is rounded to nearest instead of toward zero.</param>
    /// <param name="decided">The condition codes that are set or cleared: C2 alone when there is no quotient.</param>
    /// <param name="env">The environment; it receives the condition codes.</param>
    /// <returns>The remainder.</returns>
    public static Float80 Partial(Float80 a, Float80 b, bool nearest, out int decided, ref FloatEnvironment env)
    {
        decided = X87Status.C2;
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if (x.IsInfinity || y.IsZero)
        {
            return env.Invalid();
        }

        if (env.StopsForDenormal(x.Class, y.Class))
        {
            return a;
        }

        decided = X87Status.C0 | X87Status.C2 | X87Status.C3;
        if (x.IsZero)
        {
            return a;
        }

        int distance = x.Exponent - y.Exponent;
        if (y.IsInfinity || distance < -1 || (distance < 0 && !nearest))
        {
            return FloatRounding.Pack(x.IsNegative, x.Exponent, x.Significand, 0, 0, ref env);
        }

        // Too far apart for one step: 32 to 63 bits of the quotient now, so that a multiple of 32 is left.
        int step = distance < CompleteBelow ? distance : 32 + (distance % 32);
        bool complete = step == distance;
        UInt128 dividend = step < 0 ? (UInt128)x.Significand : (UInt128)x.Significand << step;
        UInt128 divisor = step < 0 ? (UInt128)y.Significand << 1 : y.Significand;
        (UInt128 quotient, UInt128 rest) = UInt128.DivRem(dividend, divisor);
        bool negative = x.IsNegative;
        if (complete)
        {
            if (nearest && (rest > divisor - rest || (rest == divisor - rest && !UInt128.IsEvenInteger(quotient))))
            {
                rest = divisor - rest;
                negative = !negative;
                quotient++;
            }

            env.Raise(QuotientBits((int)(quotient & 7)));
        }
        else
        {
            env.Raise(X87Status.C2);
        }

        if (rest == 0)
        {
            return Float80.Zero(x.IsNegative);
        }

        // Exact: never more bits than the divisor has.
        int shift = (int)UInt128.LeadingZeroCount(rest) - 64;
        int exponent = y.Exponent + (distance - step) - (step < 0 ? 1 : 0);
        ulong significand = shift >= 0 ? (ulong)(rest << shift) : (ulong)(rest >> -shift);
        return FloatRounding.Pack(negative, exponent - shift, significand, 0, 0, ref env);
    }

    private static int QuotientBits(int quotient) =>
        ((quotient & 4) != 0 ? X87Status.C0 : 0) | ((quotient & 2) != 0 ? X87Status.C3 : 0) | ((quotient & 1) != 0 ? X87Status.C1 : 0);
}
