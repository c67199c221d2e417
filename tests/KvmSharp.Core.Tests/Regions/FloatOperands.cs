namespace KvmSharp.Tests.Regions;

/// <summary>Pairs of numbers of all kinds: special ones each with each, and random ones whose sizes are near to each other.</summary>
internal static class FloatOperands
{
    private const int RandomPairs = 200;

    private static readonly double[] Special =
    [
        0, -0.0, 1, -1, 1.5, 0.1, -3, 7e-310, double.Epsilon, Math.ScaleB(1, -1022), Math.ScaleB(1.5, -1022), Math.ScaleB(-1, -1021), Math.ScaleB(1.25, -1020),
        1e-300, -1e300, double.MaxValue, double.PositiveInfinity, double.NegativeInfinity, double.NaN, BitConverter.UInt64BitsToDouble(0x7FF0_0000_0000_0001),
        1e-39, Math.ScaleB(1, -126), Math.ScaleB(1.5, -125), float.MaxValue, 2147483647.5, -2147483648.0, 9.3e18, 0.5, 2.5,
    ];

    /// <summary>Gives the pairs; always the same.</summary>
    public static IEnumerable<(double First, double Second)> Pairs()
    {
        foreach (double first in Special)
        {
            foreach (double second in Special)
            {
                yield return (first, second);
            }
        }

        var random = new Random(1);
        for (int i = 0; i < RandomPairs; i++)
        {
            double first = (random.NextDouble() - 0.5) * Math.ScaleB(1, random.Next(-40, 40));
            yield return (first, (random.NextDouble() - 0.5) * Math.ScaleB(first, random.Next(-66, 66)));
        }
    }

    /// <summary>Gives what single precision holds of a number; signalling NaNs stay.</summary>
    public static uint ToSingle(double value) =>
        BitConverter.DoubleToUInt64Bits(value) == 0x7FF0_0000_0000_0001 ? 0x7F80_0001 : BitConverter.SingleToUInt32Bits((float)value);
}
