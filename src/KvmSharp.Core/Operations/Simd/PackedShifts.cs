using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PSLLW, PSLLD, PSLLQ: the count is the low 64 bits of the source; one as large as the element clears it. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">An unsigned element.</typeparam>
internal readonly struct PackedShiftLeft<T> : IVectorOp
    where T : unmanaged, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        ulong count = b.AsUInt64().ToScalar();
        return count < (ulong)Operand.Bits<T>() ? (a.As<byte, T>() << (int)count).AsByte() : default;
    }
}

/// <summary>PSRLW, PSRLD, PSRLQ. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">An unsigned element.</typeparam>
internal readonly struct PackedShiftRight<T> : IVectorOp
    where T : unmanaged, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        ulong count = b.AsUInt64().ToScalar();
        return count < (ulong)Operand.Bits<T>() ? (a.As<byte, T>() >>> (int)count).AsByte() : default;
    }
}

/// <summary>PSRAW, PSRAD: a large count leaves copies of the sign. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">A signed element.</typeparam>
internal readonly struct PackedShiftArithmetic<T> : IVectorOp
    where T : unmanaged, IBinaryInteger<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        ulong count = Math.Min(b.AsUInt64().ToScalar(), (ulong)Operand.Bits<T>() - 1);
        return (a.As<byte, T>() >> (int)count).AsByte();
    }
}

/// <summary>PSLLDQ: by bytes. Intel SDM Vol. 2B.</summary>
internal readonly struct ShiftBytesLeft : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        int count = ByteShift.Count(b);
        return ByteShift.Of(count < 16 ? ByteShift.Whole(a) << (8 * count) : 0);
    }
}

/// <summary>PSRLDQ: by bytes. Intel SDM Vol. 2B.</summary>
internal readonly struct ShiftBytesRight : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        int count = ByteShift.Count(b);
        return ByteShift.Of(count < 16 ? ByteShift.Whole(a) >> (8 * count) : 0);
    }
}

/// <summary>PALIGNR on XMM registers: 16 of the 32 bytes of both operands. Intel SDM Vol. 2B.</summary>
internal readonly struct AlignRight : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control)
    {
        UInt128 low = control < 16 ? ByteShift.Whole(b) >> (8 * control) : 0;
        UInt128 high = control switch
        {
            0 => 0,
            < 16 => ByteShift.Whole(a) << (8 * (16 - control)),
            < 32 => ByteShift.Whole(a) >> (8 * (control - 16)),
            _ => 0,
        };
        return ByteShift.Of(low | high);
    }
}

/// <summary>PALIGNR on MMX registers: 8 of the 16 bytes of both operands. Intel SDM Vol. 2B.</summary>
internal readonly struct AlignRightMmx : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        ByteShift.Of(control < 16 ? ByteShift.Whole(Vector128.Create(b.GetLower(), a.GetLower())) >> (8 * control) : 0);
}

/// <summary>Vectors as one number of 128 bits.</summary>
internal static class ByteShift
{
    public static UInt128 Whole(Vector128<byte> vector) => new(vector.AsUInt64().GetElement(1), vector.AsUInt64().ToScalar());

    public static Vector128<byte> Of(UInt128 whole) => Vector128.Create((ulong)whole, (ulong)(whole >> 64)).AsByte();

    public static int Count(Vector128<byte> source) => source.ToScalar();
}
