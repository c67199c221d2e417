namespace KvmSharp.Operations.FloatingPoint;

/// <summary>The packed BCD format: 18 digits and a sign. Intel SDM Vol. 1, "BCD and Packed BCD Integers".</summary>
/// <remarks>Bytes 0 to 8 hold two digits each, the lower one in the lower half; bit 7 of byte 9 is the sign.</remarks>
internal static class PackedDecimal
{
    public const ushort SignBit = 0x8000;
    private const int LowDigits = 16;
    private const ulong TenToLowDigits = 10_000_000_000_000_000;
    private const ulong Largest = 999_999_999_999_999_999;

    // The packed decimal indefinite is FFFF C0000000 00000000.
    private const ulong IndefiniteLow = 0xC000_0000_0000_0000;
    private const ushort IndefiniteHigh = 0xFFFF;

    /// <summary>Converts to 80 bits; exact. FBLD. Digits above 9 count as what they are, ten to fifteen.</summary>
    /// <param name="low">Bytes 0 to 7.</param>
    /// <param name="high">Bytes 8 and 9.</param>
    /// <returns>The value; the sign of a zero stays.</returns>
    public static Float80 Load(ulong low, ushort high)
    {
        ulong value = 0;
        for (int shift = 4; shift >= 0; shift -= 4)
        {
            value = (value * 10) + (ulong)((high >> shift) & 0xF);
        }

        for (int shift = 60; shift >= 0; shift -= 4)
        {
            value = (value * 10) + ((low >> shift) & 0xF);
        }

        Float80 result = IntegerConversion.FromInt64((long)value);
        result.SignExponent |= (ushort)(high & SignBit);
        return result;
    }

    /// <summary>Converts from 80 bits. FBSTP.</summary>
    /// <param name="a">The value.</param>
    /// <param name="high">Bytes 8 and 9.</param>
    /// <param name="env">The environment: rounding, and IE for what has more than 18 digits.</param>
    /// <returns>Bytes 0 to 7.</returns>
    public static ulong Store(Float80 a, out ushort high, ref FloatEnvironment env)
    {
        if (!IntegerConversion.TryRound(a, env.Rounding, out ulong magnitude, out bool inexact, out bool up) || magnitude > Largest)
        {
            env.Raise(X87Status.Invalid);
            return Indefinite(out high);
        }

        env.Raise((inexact ? X87Status.Precision : 0) | (up ? X87Status.C1 : 0));
        (ulong upper, ulong lower) = Math.DivRem(magnitude, TenToLowDigits);
        high = (ushort)(Digits(upper) | (a.IsNegative ? SignBit : 0UL));
        return Digits(lower);
    }

    /// <summary>Gives the packed decimal indefinite.</summary>
    /// <param name="high">Bytes 8 and 9.</param>
    /// <returns>Bytes 0 to 7.</returns>
    public static ulong Indefinite(out ushort high)
    {
        high = IndefiniteHigh;
        return IndefiniteLow;
    }

    private static ulong Digits(ulong value)
    {
        ulong digits = 0;
        for (int i = 0; i < LowDigits; i++)
        {
            digits |= (value % 10) << (4 * i);
            value /= 10;
        }

        return digits;
    }
}
