using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PADDB, PADDW, PADDD, PADDQ. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct PackedAdd<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => (a.As<byte, T>() + b.As<byte, T>()).AsByte();
}

/// <summary>PSUBB, PSUBW, PSUBD, PSUBQ. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct PackedSubtract<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => (a.As<byte, T>() - b.As<byte, T>()).AsByte();
}

/// <summary>PADDSB, PADDSW, PADDUSB, PADDUSW. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element; its sign decides the bounds.</typeparam>
internal readonly struct PackedAddSaturated<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.AddSaturate(a.As<byte, T>(), b.As<byte, T>()).AsByte();
}

/// <summary>PSUBSB, PSUBSW, PSUBUSB, PSUBUSW. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element; its sign decides the bounds.</typeparam>
internal readonly struct PackedSubtractSaturated<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.SubtractSaturate(a.As<byte, T>(), b.As<byte, T>()).AsByte();
}

/// <summary>PAVGB, PAVGW: the mean, rounded up. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">An unsigned element.</typeparam>
internal readonly struct PackedAverage<T> : IVectorOp
    where T : unmanaged, IBinaryInteger<T>
{
    // a + b + 1 may not fit: a OR b is the sum's ceiling half plus half of what differs.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<T> half = Vector128.Create(T.CreateTruncating(ulong.MaxValue) >>> 1);
        Vector128<T> difference = a.As<byte, T>() ^ b.As<byte, T>();
        return ((a.As<byte, T>() | b.As<byte, T>()) - ((difference >>> 1) & half)).AsByte();
    }
}

/// <summary>PMINSB and its like. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct PackedMinimum<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.Min(a.As<byte, T>(), b.As<byte, T>()).AsByte();
}

/// <summary>PMAXSB and its like. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct PackedMaximum<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.Max(a.As<byte, T>(), b.As<byte, T>()).AsByte();
}

/// <summary>PCMPEQB, PCMPEQW, PCMPEQD, PCMPEQQ. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct PackedEqual<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.Equals(a.As<byte, T>(), b.As<byte, T>()).AsByte();
}

/// <summary>PCMPGTB, PCMPGTW, PCMPGTD, PCMPGTQ. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element, signed.</typeparam>
internal readonly struct PackedGreater<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.GreaterThan(a.As<byte, T>(), b.As<byte, T>()).AsByte();
}

/// <summary>PABSB, PABSW, PABSD: of the source; the most negative number stays. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element, signed.</typeparam>
internal readonly struct PackedAbsolute<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<T> negative = Vector128.LessThan(b.As<byte, T>(), Vector128<T>.Zero);
        return ((b.As<byte, T>() ^ negative) - negative).AsByte();
    }
}

/// <summary>PSIGNB, PSIGNW, PSIGND: negates, clears or keeps by the sign of the source. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element, signed.</typeparam>
internal readonly struct PackedSign<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<T> negative = Vector128.LessThan(b.As<byte, T>(), Vector128<T>.Zero);
        Vector128<T> zero = Vector128.Equals(b.As<byte, T>(), Vector128<T>.Zero);
        return Vector128.AndNot((a.As<byte, T>() ^ negative) - negative, zero).AsByte();
    }
}
