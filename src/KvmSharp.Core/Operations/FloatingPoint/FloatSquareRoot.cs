namespace KvmSharp.Operations.FloatingPoint;

/// <summary>FSQRT. Intel SDM Vol. 2A, "FSQRT: Square Root".</summary>
internal static class FloatSquareRoot
{
    /// <summary>Takes the square root.</summary>
    /// <param name="a">The operand.</param>
    /// <param name="env">The environment.</param>
    /// <returns>The root; of -0 it is -0.</returns>
    public static Float80 Root(Float80 a, ref FloatEnvironment env)
    {
        if (NotANumber.TryAnswer(a, ref env, out Float80 answer))
        {
            return answer;
        }

        var x = new FloatOperand(a);
        if (x.IsZero)
        {
            return a;
        }

        if (x.IsNegative)
        {
            return env.Invalid();
        }

        if (env.StopsForDenormal(x.Class, x.Class) || x.IsInfinity)
        {
            return a;
        }

        // The significand as an even power of two times a number in [1/4, 1) of 128 bits, whose root has its top bit set.
        int unbiased = x.Exponent - Float80.Bias;
        UInt128 radicand = (UInt128)x.Significand << 64;
        if ((unbiased & 1) == 0)
        {
            radicand >>= 1;
        }

        ulong root = IntegerRoot(radicand, out bool exact, out bool aboveHalf);
        ulong low = exact ? 0 : aboveHalf ? ulong.MaxValue : 1;
        return FloatRounding.Pack(false, (unbiased >> 1) + Float80.Bias, root, low, env.DroppedBits, ref env);
    }

    // The estimate of double precision has 50 right bits; Newton's step makes them all, and then one is at most off by one.
    private static ulong IntegerRoot(UInt128 radicand, out bool exact, out bool aboveHalf)
    {
        const double Scale = 4294967296.0; // 2^32
        double estimate = Math.Sqrt((ulong)(radicand >> 64)) * Scale;
        ulong root = estimate >= ulong.MaxValue ? ulong.MaxValue : (ulong)estimate;
        ulong high = (ulong)(radicand >> 64);
        if (high >= root)
        {
            root = ulong.MaxValue; // the quotient would not fit; near the top this is as good an estimate
        }

        if (high < root)
        {
            ulong quotient = FloatDivision.Divide128(high, (ulong)radicand, root, out _);
            root = (root >> 1) + (quotient >> 1) + (root & quotient & 1);
        }

        while (Square(root) > radicand)
        {
            root--;
        }

        while (radicand - Square(root) > (UInt128)root << 1)
        {
            root++;
        }

        UInt128 rest = radicand - Square(root);
        exact = rest == 0;
        aboveHalf = rest > root; // (root + 1/2)^2 = root^2 + root + 1/4
        return root;
    }

    private static UInt128 Square(ulong value)
    {
        ulong high = Math.BigMul(value, value, out ulong low);
        return new UInt128(high, low);
    }
}
