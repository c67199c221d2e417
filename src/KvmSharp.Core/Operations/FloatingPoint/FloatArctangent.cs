namespace KvmSharp.Operations.FloatingPoint;

/// <summary>FPATAN. Intel SDM Vol. 2A, "FPATAN: Partial Arctangent".</summary>
/// <remarks>
/// With q the smaller over the larger magnitude and i the integer next to 8q, atan q = atan(i/8) + atan((q - i/8)/(1 + q i/8)); the second
/// angle is at most 1/16 and a short power series. Symmetry gives the other octants.
/// </remarks>
internal static class FloatArctangent
{
    private const int Steps = 8;

    /// <summary>atan(i/8).</summary>
    private static readonly WideFloat[] Table =
    [
        default,
        new(false, -4, new UInt128(0xFEAD_D4D5_617B_6E32, 0xC897_989F_3E88_8EF8)),
        new(false, -3, new UInt128(0xFADB_AFC9_6406_EB15, 0x6DC7_9EF5_F7A2_17E6)),
        new(false, -2, new UInt128(0xB7B0_CA0F_26F7_8473, 0x8AA3_2122_DCFE_4483)),
        new(false, -2, new UInt128(0xED63_382B_0DDA_7B45, 0x6FE4_45EC_BC3A_8D03)),
        new(false, -1, new UInt128(0x8F00_5D5E_F7F5_9F9B, 0x5C83_5E16_65C4_3748)),
        new(false, -1, new UInt128(0xA4BC_7D19_34F7_0924, 0x19A8_7F2A_457D_AC9F)),
        new(false, -1, new UInt128(0xB805_3E2B_C231_9E73, 0xCB2D_A552_10A4_443D)),
        FloatConstants.Pi.Scaled(-2),
    ];

    /// <summary>Computes the angle of the point (x, y).</summary>
    /// <param name="a">x, ST(0).</param>
    /// <param name="b">y, ST(1).</param>
    /// <param name="env">The environment.</param>
    /// <returns>The angle, in [-pi, pi], with the sign of y.</returns>
    public static Float80 Angle(Float80 a, Float80 b, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, b, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if (env.StopsForDenormal(x.Class, y.Class))
        {
            return default;
        }

        if (!x.IsNegative && (y.IsZero || (x.IsInfinity && !y.IsInfinity)))
        {
            return Float80.Zero(y.IsNegative);
        }

        WideFloat angle = FirstQuadrant(x, y, out bool isQuotient);
        if (x.IsNegative)
        {
            angle = FloatConstants.Pi - angle;
            isQuotient = false;
        }

        return (y.IsNegative ? -angle : angle).Round(isQuotient, ref env);
    }

    private static WideFloat FirstQuadrant(in FloatOperand x, in FloatOperand y, out bool isQuotient)
    {
        isQuotient = false;
        if (x.IsInfinity && y.IsInfinity)
        {
            return FloatConstants.Pi.Scaled(-2);
        }

        if (y.IsZero || x.IsInfinity)
        {
            return default;
        }

        if (x.IsZero || y.IsInfinity)
        {
            return FloatConstants.HalfPi;
        }

        WideFloat horizontal = Magnitude(x);
        WideFloat vertical = Magnitude(y);
        bool steep = (vertical - horizontal) is { IsNegative: false, IsZero: false };
        if (steep)
        {
            return FloatConstants.HalfPi - OfQuotient(horizontal, vertical, out _);
        }

        return OfQuotient(vertical, horizontal, out isQuotient);
    }

    // An angle so small that it equals its tangent is taken for just that: the processor's result then is the quotient, rounded.
    private static WideFloat OfQuotient(WideFloat smaller, WideFloat larger, out bool isQuotient)
    {
        int step = NearestStep(smaller, larger);
        WideFloat s = step == 0
            ? smaller / larger
            : (smaller.Scaled(3) - (larger * WideFloat.FromInteger(step))) / (larger.Scaled(3) + (smaller * WideFloat.FromInteger(step)));
        isQuotient = false;
        if (s.IsZero)
        {
            return Table[step];
        }

        UInt128 series = FixedPoint.Sum(FixedPoint.OddReciprocals, (s * s).ToFraction(), alternating: true);
        isQuotient = step == 0 && series == FixedPoint.One;
        return Table[step] + (s * new WideFloat(false, 0, series));
    }

    private static int NearestStep(WideFloat smaller, WideFloat larger)
    {
        int distance = larger.Exponent - smaller.Exponent;
        if (distance > Steps)
        {
            return 0;
        }

        double quotient = (double)smaller.Significand / (double)larger.Significand / (1 << distance);
        return (int)((quotient * Steps) + 0.5);
    }

    private static WideFloat Magnitude(in FloatOperand value)
    {
        var wide = new WideFloat(value);
        return wide.IsNegative ? -wide : wide;
    }
}
