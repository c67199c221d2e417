using System.Numerics;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PHADDW, PHADDD, PHSUBW, PHSUBD, PHADDSW, PHSUBSW: an operation on neighbours, the destination's pairs first. Intel SDM Vol. 2B.</summary>
/// <typeparam name="TOp">The operation, between even and odd elements.</typeparam>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct Horizontal<TOp, T> : IVectorOp
    where TOp : struct, IVectorOp
    where T : unmanaged, INumber<T>
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<T> even = default;
        Vector128<T> odd = default;
        int half = Vector128<T>.Count / 2;
        for (int i = 0; i < half; i++)
        {
            even = even.WithElement(i, a.As<byte, T>().GetElement(2 * i)).WithElement(half + i, b.As<byte, T>().GetElement(2 * i));
            odd = odd.WithElement(i, a.As<byte, T>().GetElement((2 * i) + 1)).WithElement(half + i, b.As<byte, T>().GetElement((2 * i) + 1));
        }

        return TOp.Apply(even.AsByte(), odd.AsByte());
    }
}

/// <summary>PSADBW: sums of absolute differences of bytes, for each quadword. Intel SDM Vol. 2B.</summary>
internal readonly struct SumAbsoluteDifferences : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<byte> difference = Vector128.Max(a, b) - Vector128.Min(a, b);
        return Vector128.Create((ulong)Sum(difference.GetLower()), Sum(difference.GetUpper())).AsByte();
    }

    private static ushort Sum(Vector64<byte> bytes)
    {
        Vector128<ushort> wide = Vector128.WidenLower(bytes.ToVector128Unsafe());
        return Vector128.Sum(wide);
    }
}

/// <summary>MPSADBW: eight sums of absolute differences, of one block of four bytes with blocks at eight places. Intel SDM Vol. 2B.</summary>
internal readonly struct MultipleSums : IControlledVectorOp
{
    private const int BlockBytes = 4;

    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control)
    {
        int source = (control & 3) * BlockBytes;
        int destination = ((control >> 2) & 1) * BlockBytes;
        Vector128<ushort> result = default;
        for (int i = 0; i < Vector128<ushort>.Count; i++)
        {
            int sum = 0;
            for (int j = 0; j < BlockBytes; j++)
            {
                sum += Math.Abs(a.GetElement(destination + i + j) - b.GetElement(source + j));
            }

            result = result.WithElement(i, (ushort)sum);
        }

        return result.AsByte();
    }
}

/// <summary>PHMINPOSUW: the smallest word and where it is first. Intel SDM Vol. 2B.</summary>
internal readonly struct HorizontalMinimum : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<ushort> words = b.AsUInt16();
        int place = 0;
        for (int i = 1; i < Vector128<ushort>.Count; i++)
        {
            place = words.GetElement(i) < words.GetElement(place) ? i : place;
        }

        return Vector128<ushort>.Zero.WithElement(0, words.GetElement(place)).WithElement(1, (ushort)place).AsByte();
    }
}
