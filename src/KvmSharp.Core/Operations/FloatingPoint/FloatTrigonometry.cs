namespace KvmSharp.Operations.FloatingPoint;

/// <summary>FSIN, FCOS, FSINCOS and FPTAN.</summary>
/// <remarks>
/// The argument is reduced exactly by a pi of 66 bits, as the processor's is: Intel SDM Vol. 1, "Pi", and "Approximation of Pi". What
/// remains is at most pi/4, where sine and cosine are short power series.
/// </remarks>
internal static class FloatTrigonometry
{
    /// <summary>Magnitudes from 2^63 on are out of range: C2 is set and the operand stays.</summary>
    private const int ExponentOutOfRange = Float80.Bias + 63;

    /// <summary>Below this arguments are not reduced: less than 1/2.</summary>
    private const int ExponentReduced = Float80.Bias - 1;

    /// <summary>Half of the 66-bit pi is this times 2^-65.</summary>
    private static readonly UInt128 HalfPi = new(0x3, 0x243F_6A88_85A3_08D3);

    /// <summary>Prepares an operand, or answers for it.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="env">The environment; C2 when out of range.</param>
    /// <param name="angle">The reduced operand.</param>
    /// <param name="answer">Else the answer of sine, cosine and tangent alike: a NaN, or the operand.</param>
    /// <returns>Whether there is an angle to work on.</returns>
    public static bool TryReduce(Float80 a, ref FloatEnvironment env, out ReducedAngle angle, out Float80 answer)
    {
        angle = default;
        if (NotANumber.TryAnswer(a, ref env, out answer))
        {
            return false;
        }

        var x = new FloatOperand(a);
        if (x.IsInfinity)
        {
            answer = env.Invalid();
            return false;
        }

        if (x.Exponent >= ExponentOutOfRange)
        {
            env.Raise(X87Status.C2);
            answer = a;
            return false;
        }

        if (env.StopsForDenormal(x.Class, x.Class))
        {
            return false;
        }

        angle = Reduce(x);
        return true;
    }

    private static ReducedAngle Reduce(in FloatOperand x)
    {
        if (x.Exponent < ExponentReduced)
        {
            var small = new WideFloat(x);
            return new ReducedAngle(x.IsNegative, 0, small.IsNegative ? -small : small);
        }

        UInt128 scaled = (UInt128)x.Significand << (x.Exponent - Float80.Bias + 2);
        (UInt128 quotient, UInt128 rest) = UInt128.DivRem(scaled, HalfPi);
        bool negative = rest > HalfPi - rest;
        if (negative)
        {
            rest = HalfPi - rest;
            quotient++;
        }

        return new ReducedAngle(x.IsNegative, (int)(quotient & 3), new WideFloat(negative, 127 - 65, rest));
    }
}

/// <summary>An angle as a number of quarter turns and a rest of at most an eighth.</summary>
/// <param name="IsNegative">Whether the angle was negative; quarters and rest are those of its magnitude.</param>
/// <param name="Quarters">Quarter turns, 0 to 3.</param>
/// <param name="Rest">The rest, in radians.</param>
internal readonly record struct ReducedAngle(bool IsNegative, int Quarters, WideFloat Rest)
{
    private bool IsOdd => (Quarters & 1) != 0;

    /// <summary>Gives the sine.</summary>
    /// <param name="env">The environment.</param>
    /// <returns>The sine; of a zero that zero.</returns>
    public Float80 Sine(ref FloatEnvironment env)
    {
        if (Rest.IsZero)
        {
            return Float80.Zero(IsNegative);
        }

        bool isAngle = false;
        WideFloat value = IsOdd ? CosineOfRest() : SineOfRest(out isAngle);
        return WithSign(value, value.IsNegative ^ (Quarters >= 2) ^ IsNegative).Round(isAngle, ref env);
    }

    /// <summary>Gives the cosine.</summary>
    /// <param name="env">The environment.</param>
    /// <returns>The cosine; of a zero exactly 1.</returns>
    public Float80 Cosine(ref FloatEnvironment env)
    {
        if (Rest.IsZero)
        {
            return Float80.One;
        }

        WideFloat value = IsOdd ? SineOfRest(out _) : CosineOfRest();
        return WithSign(value, value.IsNegative ^ (Quarters is 1 or 2)).Round(isExact: false, ref env);
    }

    /// <summary>Gives the tangent.</summary>
    /// <param name="env">The environment.</param>
    /// <returns>The tangent; of a zero that zero.</returns>
    public Float80 Tangent(ref FloatEnvironment env)
    {
        if (Rest.IsZero)
        {
            return Float80.Zero(IsNegative);
        }

        WideFloat sine = SineOfRest(out bool isAngle);
        WideFloat value = IsOdd ? -(CosineOfRest() / sine) : isAngle ? sine : sine / CosineOfRest();
        return (IsNegative ? -value : value).Round(isAngle && !IsOdd, ref env);
    }

    private static WideFloat WithSign(WideFloat value, bool negative) => new(negative, value.Exponent, value.Significand);

    // An angle so small that it equals its sine is taken for just that: the processor's result then is the operand.
    private WideFloat SineOfRest(out bool isAngle)
    {
        UInt128 series = FixedPoint.Sum(FixedPoint.Sine, Square(), alternating: true);
        isAngle = series == FixedPoint.One;
        return Rest * new WideFloat(false, 0, series);
    }

    private WideFloat CosineOfRest()
    {
        UInt128 series = FixedPoint.Sum(FixedPoint.Cosine, Square(), alternating: true);
        return new WideFloat(false, 0, series == FixedPoint.One ? series - 1 : series);
    }

    private UInt128 Square()
    {
        UInt128 fraction = Rest.ToFraction();
        return FixedPoint.MultiplyHigh(fraction, fraction);
    }
}
