namespace KvmSharp.Operations.FloatingPoint;

/// <summary>Power series in fixed point: the heart of all transcendental functions.</summary>
/// <remarks>
/// Arguments are fractions of 2^128, coefficients and sums have 127 bits behind the point. A series is summed by Horner's rule
/// with as many terms as its argument's bound makes visible; what it leaves out is below bit 0.
/// </remarks>
internal static class FixedPoint
{
    /// <summary>1.0 in coefficients and sums.</summary>
    public static readonly UInt128 One = UInt128.One << 127;

    /// <summary>1/(2k+1): atanh(s)/s, and with alternating signs atan(s)/s, in s^2.</summary>
    public static readonly UInt128[] OddReciprocals = Coefficients(26, static (_, k) => One / (((uint)k * 2) + 1));

    /// <summary>1/(k+1)!: (e^t - 1)/t in t.</summary>
    public static readonly UInt128[] Exponential = Coefficients(22, static (last, k) => last / ((uint)k + 1));

    /// <summary>1/(2k+1)!: with alternating signs sin(r)/r in r^2.</summary>
    public static readonly UInt128[] Sine = Coefficients(17, static (last, k) => last / ((uint)(2 * k) * (uint)((2 * k) + 1)));

    /// <summary>1/(2k)!: with alternating signs cos(r) in r^2.</summary>
    public static readonly UInt128[] Cosine = Coefficients(18, static (last, k) => last / ((uint)(2 * k) * (uint)((2 * k) - 1)));

    /// <summary>Sums a series.</summary>
    /// <param name="coefficients">Its coefficients.</param>
    /// <param name="argument">What is raised to powers.</param>
    /// <param name="alternating">Whether every second term is subtracted.</param>
    /// <returns>The sum.</returns>
    public static UInt128 Sum(UInt128[] coefficients, UInt128 argument, bool alternating)
    {
        UInt128 sum = coefficients[^1];
        for (int k = coefficients.Length - 2; k >= 0; k--)
        {
            UInt128 term = MultiplyHigh(sum, argument);
            sum = alternating ? coefficients[k] - term : coefficients[k] + term;
        }

        return sum;
    }

    /// <summary>Multiplies and keeps the upper half.</summary>
    /// <param name="a">A factor.</param>
    /// <param name="b">A factor.</param>
    /// <returns>The product's bits 255 to 128.</returns>
    public static UInt128 MultiplyHigh(UInt128 a, UInt128 b)
    {
        ulong aHigh = (ulong)(a >> 64);
        ulong bHigh = (ulong)(b >> 64);
        ulong carry = Math.BigMul((ulong)a, (ulong)b, out _);
        ulong firstHigh = Math.BigMul(aHigh, (ulong)b, out ulong firstLow);
        ulong secondHigh = Math.BigMul((ulong)a, bHigh, out ulong secondLow);
        ulong topHigh = Math.BigMul(aHigh, bHigh, out ulong topLow);
        UInt128 middle = (UInt128)firstLow + secondLow + carry;
        return new UInt128(topHigh, topLow) + firstHigh + secondHigh + (middle >> 64);
    }

    private static UInt128[] Coefficients(int count, Func<UInt128, int, UInt128> next)
    {
        var coefficients = new UInt128[count];
        coefficients[0] = One;
        for (int k = 1; k < count; k++)
        {
            coefficients[k] = next(coefficients[k - 1], k);
        }

        return coefficients;
    }
}
