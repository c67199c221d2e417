using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace KvmSharp.Operations.Simd;

/// <summary>PMULLW, PMULLD: the low halves of the products. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct PackedMultiplyLow<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => (a.As<byte, T>() * b.As<byte, T>()).AsByte();
}

/// <summary>PMULHW: the high halves of signed products. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplyHighSigned : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        if (HostVector.HasSse2)
        {
            return Sse2.MultiplyHigh(a.AsInt16(), b.AsInt16()).AsByte();
        }

        (Vector128<int> low, Vector128<int> high) = WideProducts.Signed(a, b);
        return Vector128.Narrow(low >> 16, high >> 16).AsByte();
    }
}

/// <summary>PMULHUW: the high halves of unsigned products. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplyHighUnsigned : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        if (HostVector.HasSse2)
        {
            return Sse2.MultiplyHigh(a.AsUInt16(), b.AsUInt16()).AsByte();
        }

        Vector128<uint> low = Vector128.WidenLower(a.AsUInt16()) * Vector128.WidenLower(b.AsUInt16());
        Vector128<uint> high = Vector128.WidenUpper(a.AsUInt16()) * Vector128.WidenUpper(b.AsUInt16());
        return Vector128.Narrow(low >>> 16, high >>> 16).AsByte();
    }
}

/// <summary>PMULHRSW: (product / 2^14 + 1) / 2. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplyHighRounded : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        if (HostVector.HasSsse3)
        {
            return Ssse3.MultiplyHighRoundScale(a.AsInt16(), b.AsInt16()).AsByte();
        }

        (Vector128<int> low, Vector128<int> high) = WideProducts.Signed(a, b);
        return Vector128.Narrow(Round(low), Round(high)).AsByte();
    }

    private static Vector128<int> Round(Vector128<int> product) => ((product >> 14) + Vector128<int>.One) >> 1;
}

/// <summary>PMULUDQ: of even doublewords, unsigned. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplyUnsignedWide : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<ulong> low = Vector128.Create((ulong)uint.MaxValue);
        return ((a.AsUInt64() & low) * (b.AsUInt64() & low)).AsByte();
    }
}

/// <summary>PMULDQ: of even doublewords, signed. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplySignedWide : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        ((a.AsInt64() << 32 >> 32) * (b.AsInt64() << 32 >> 32)).AsByte();
}

/// <summary>PMADDWD: sums of neighbouring products of words. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplyAddWords : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        if (HostVector.HasSse2)
        {
            return Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsByte();
        }

        Vector128<int> even = (a.AsInt32() << 16 >> 16) * (b.AsInt32() << 16 >> 16);
        Vector128<int> odd = (a.AsInt32() >> 16) * (b.AsInt32() >> 16);
        return (even + odd).AsByte();
    }
}

/// <summary>PMADDUBSW: sums of neighbouring products of unsigned by signed bytes, saturated. Intel SDM Vol. 2B.</summary>
internal readonly struct MultiplyAddBytes : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        if (HostVector.HasSsse3)
        {
            return Ssse3.MultiplyAddAdjacent(a, b.AsSByte()).AsByte();
        }

        Vector128<short> even = (a.AsInt16() & Vector128.Create((short)0xFF)) * (b.AsInt16() << 8 >> 8);
        Vector128<short> odd = (a.AsInt16() >>> 8) * (b.AsInt16() >> 8);
        return Vector128.AddSaturate(even, odd).AsByte();
    }
}

/// <summary>Products of words in full.</summary>
internal static class WideProducts
{
    public static (Vector128<int> Low, Vector128<int> High) Signed(Vector128<byte> a, Vector128<byte> b) => (
        Vector128.WidenLower(a.AsInt16()) * Vector128.WidenLower(b.AsInt16()),
        Vector128.WidenUpper(a.AsInt16()) * Vector128.WidenUpper(b.AsInt16()));
}
