namespace KvmSharp.Operations.FloatingPoint;

/// <summary>How two values stand to each other.</summary>
internal enum FloatRelation
{
    Greater,
    Less,
    Equal,

    /// <summary>One of them is a NaN or unsupported, or a register was empty.</summary>
    Unordered,
}

/// <summary>FCOM, FUCOM, FTST, FCOMI and their kin. Intel SDM Vol. 1, "Floating-Point Comparison Instructions".</summary>
internal static class FloatComparison
{
    /// <summary>Compares.</summary>
    /// <param name="a">ST(0).</param>
    /// <param name="b">The source.</param>
    /// <param name="quiet">Whether quiet NaNs raise nothing: the unordered comparisons.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The relation of <paramref name="a"/> to <paramref name="b"/>.</returns>
    public static FloatRelation Compare(Float80 a, Float80 b, bool quiet, ref FloatEnvironment env)
    {
        var x = new FloatOperand(a);
        var y = new FloatOperand(b);
        if (x.Class >= FloatClass.QuietNaN || y.Class >= FloatClass.QuietNaN)
        {
            if (!quiet || x.Class > FloatClass.QuietNaN || y.Class > FloatClass.QuietNaN)
            {
                env.Raise(X87Status.Invalid);
            }

            return FloatRelation.Unordered;
        }

        env.StopsForDenormal(x.Class, y.Class); // it does not stop this: the outcome is known all the same
        if (x.IsZero && y.IsZero)
        {
            return FloatRelation.Equal;
        }

        if (x.IsZero || y.IsZero || x.IsNegative != y.IsNegative)
        {
            bool less = x.IsZero ? !y.IsNegative : x.IsNegative;
            return less ? FloatRelation.Less : FloatRelation.Greater;
        }

        int order = x.Exponent != y.Exponent ? x.Exponent.CompareTo(y.Exponent) : x.Significand.CompareTo(y.Significand);
        if (order == 0)
        {
            return FloatRelation.Equal;
        }

        return order < 0 == x.IsNegative ? FloatRelation.Greater : FloatRelation.Less;
    }
}
