using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM. Intel SDM Vol. 2B, "Imm8 Control Byte Operation for PCMPESTRI / PCMPESTRM / PCMPISTRI / PCMPISTRM".</summary>
internal static class TextComparison
{
    private const int WordElements = 1 << 0;
    private const int Signed = 1 << 1;
    private const int AggregationShift = 2;
    private const int NegativePolarity = 1 << 4;
    private const int MaskedPolarity = 1 << 5;
    private const int MostSignificantOrExpanded = 1 << 6;

    /// <summary>Gives the number of elements in a vector: 16 bytes or 8 words.</summary>
    /// <param name="control">The immediate.</param>
    /// <returns>The number.</returns>
    public static int Elements(byte control) => (control & WordElements) != 0 ? 8 : 16;

    /// <summary>Gives the length of a string that ends at its first zero.</summary>
    /// <param name="text">The string.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>0 to 16.</returns>
    public static int ImplicitLength(Vector128<byte> text, byte control)
    {
        int count = Elements(control);
        for (int i = 0; i < count; i++)
        {
            if (Element(text, i, control) == 0)
            {
                return i;
            }
        }

        return count;
    }

    /// <summary>Gives the length of a string whose length a register holds: its absolute value, saturated.</summary>
    /// <param name="length">EAX, EDX, RAX or RDX.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>0 to 16.</returns>
    public static int ExplicitLength(long length, byte control)
    {
        int count = Elements(control);
        return length < -count || length > count ? count : (int)Math.Abs(length);
    }

    /// <summary>Compares: IntRes2, one bit for each element of the source.</summary>
    /// <param name="a">The destination: characters, ranges or a needle.</param>
    /// <param name="lengthA">Its length.</param>
    /// <param name="b">The source.</param>
    /// <param name="lengthB">Its length.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>The bits.</returns>
    public static uint Compare(Vector128<byte> a, int lengthA, Vector128<byte> b, int lengthB, byte control)
    {
        int count = Elements(control);
        uint result = 0;
        for (int j = 0; j < count; j++)
        {
            bool matches = ((control >> AggregationShift) & 3) switch
            {
                0 => j < lengthB && IsAmong(a, lengthA, Element(b, j, control), control),
                1 => j < lengthB && IsInRange(a, lengthA, Element(b, j, control), control),
                2 => j < lengthA && j < lengthB ? Element(a, j, control) == Element(b, j, control) : j >= lengthA && j >= lengthB,
                _ => StartsAt(a, lengthA, b, lengthB, j, control),
            };
            result |= matches ? 1U << j : 0;
        }

        if ((control & NegativePolarity) == 0)
        {
            return result;
        }

        uint inverted = (control & MaskedPolarity) != 0 ? (1U << lengthB) - 1 : (1U << count) - 1;
        return result ^ inverted;
    }

    /// <summary>Gives the index that PCMPESTRI and PCMPISTRI leave in ECX.</summary>
    /// <param name="result">The bits of <see cref="Compare"/>.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>The first or last bit set; the number of elements when none is.</returns>
    public static int Index(uint result, byte control)
    {
        if (result == 0)
        {
            return Elements(control);
        }

        return (control & MostSignificantOrExpanded) != 0 ? BitOperations.Log2(result) : BitOperations.TrailingZeroCount(result);
    }

    /// <summary>Gives the mask that PCMPESTRM and PCMPISTRM leave in XMM0.</summary>
    /// <param name="result">The bits of <see cref="Compare"/>.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>The bits, or each of them widened to an element.</returns>
    public static Vector128<byte> Mask(uint result, byte control)
    {
        if ((control & MostSignificantOrExpanded) == 0)
        {
            return Vector128.CreateScalar(result).AsByte();
        }

        Vector128<byte> mask = default;
        int bytes = 16 / Elements(control);
        for (int i = 0; i < Vector128<byte>.Count; i++)
        {
            mask = mask.WithElement(i, ((result >> (i / bytes)) & 1) != 0 ? byte.MaxValue : (byte)0);
        }

        return mask;
    }

    /// <summary>Gives the flags: CF any bit, ZF and SF whether a string ends within its vector, OF the first bit; PF and AF clear.</summary>
    /// <param name="result">The bits of <see cref="Compare"/>.</param>
    /// <param name="lengthA">The destination's length.</param>
    /// <param name="lengthB">The source's length.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>The six flags.</returns>
    public static uint Flags(uint result, int lengthA, int lengthB, byte control)
    {
        int count = Elements(control);
        return (result != 0 ? ArithmeticFlags.CarryBit : 0)
            | (lengthB < count ? ArithmeticFlags.ZeroBit : 0)
            | (lengthA < count ? ArithmeticFlags.SignBit : 0)
            | ((result & 1) != 0 ? ArithmeticFlags.OverflowBit : 0);
    }

    private static int Element(Vector128<byte> text, int index, byte control) => (control & (WordElements | Signed)) switch
    {
        0 => text.GetElement(index),
        WordElements => text.AsUInt16().GetElement(index),
        Signed => text.AsSByte().GetElement(index),
        _ => text.AsInt16().GetElement(index),
    };

    private static bool IsAmong(Vector128<byte> set, int length, int element, byte control)
    {
        for (int i = 0; i < length; i++)
        {
            if (Element(set, i, control) == element)
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsInRange(Vector128<byte> ranges, int length, int element, byte control)
    {
        for (int i = 0; i + 1 < length; i += 2)
        {
            if (element >= Element(ranges, i, control) && element <= Element(ranges, i + 1, control))
            {
                return true;
            }
        }

        return false;
    }

    // Elements of the source beyond its vector are not looked at: a needle that begins near the end may match in part.
    private static bool StartsAt(Vector128<byte> needle, int needleLength, Vector128<byte> text, int textLength, int start, byte control)
    {
        int count = Elements(control);
        for (int i = 0; i < needleLength && start + i < count; i++)
        {
            if (start + i >= textLength || Element(needle, i, control) != Element(text, start + i, control))
            {
                return false;
            }
        }

        return true;
    }
}
