namespace KvmSharp.Conformance.Replay;

/// <summary>How near results of approximating instructions must come.</summary>
internal static class Approximation
{
    private const int MaxUnits = 2; // x87 transcendentals: units in the last place
    private const double MaxRelativeError = 1.5 / 4096;
    private const int SignificandBits = 64;
    private const uint InfiniteExponent = 0x7FFF;
    private const int Lanes = 4;
    private const int LaneBits = 32;

    /// <summary>Tests for zero, infinity, NaN and encodings that are no number.</summary>
    /// <param name="value">A double extended value.</param>
    /// <returns>Whether a result for it, or one that is like it, must match bit for bit.</returns>
    public static bool IsSpecial(UInt128 value)
    {
        uint exponent = ExponentOf(value);
        bool hasInteger = (ulong)value >> 63 != 0;
        return exponent == InfiniteExponent || (ulong)value == 0 || (exponent != 0 && !hasInteger);
    }

    /// <summary>Tests whether two double extended values are at most two units in the last place apart.</summary>
    /// <param name="expected">What was recorded.</param>
    /// <param name="actual">What came out.</param>
    /// <returns>Whether they are.</returns>
    public static bool IsNear(UInt128 expected, UInt128 actual)
    {
        if (IsSpecial(expected) || IsSpecial(actual) || (expected ^ actual) >> (SignificandBits + 15) != 0)
        {
            return false;
        }

        UInt128 a = OrderOf(expected);
        UInt128 b = OrderOf(actual);
        return (a > b ? a - b : b - a) <= MaxUnits;
    }

    /// <summary>Tests the four single-precision lanes of a register: those that were not approximated must be equal.</summary>
    /// <param name="initial">The register before.</param>
    /// <param name="expected">What was recorded.</param>
    /// <param name="actual">What came out.</param>
    /// <returns>Whether all lanes are equal or near enough.</returns>
    public static bool AreLanesNear(UInt128 initial, UInt128 expected, UInt128 actual)
    {
        for (int lane = 0; lane < Lanes; lane++)
        {
            uint before = (uint)(initial >> (lane * LaneBits));
            uint recorded = (uint)(expected >> (lane * LaneBits));
            uint came = (uint)(actual >> (lane * LaneBits));
            if (recorded != came && (recorded == before || !IsNear(recorded, came)))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsNear(uint expected, uint actual)
    {
        double wanted = BitConverter.UInt32BitsToSingle(expected);
        double got = BitConverter.UInt32BitsToSingle(actual);
        return double.IsNormal(wanted) && double.IsFinite(got) && Math.Abs(got - wanted) < Math.Abs(wanted) * MaxRelativeError;
    }

    private static uint ExponentOf(UInt128 value) => (uint)(value >> SignificandBits) & InfiniteExponent;

    // Consecutive magnitudes of the same sign give consecutive numbers; the integer bit is implied by the exponent.
    private static UInt128 OrderOf(UInt128 value) =>
        ((UInt128)Math.Max(ExponentOf(value), 1) << 63) + (ulong)value;
}
