using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PAND, ANDPS, ANDPD. Intel SDM Vol. 2B.</summary>
internal readonly struct PackedAnd : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a & b;
}

/// <summary>PANDN, ANDNPS, ANDNPD: the destination is inverted. Intel SDM Vol. 2B.</summary>
internal readonly struct PackedAndNot : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => ~a & b;
}

/// <summary>POR, ORPS, ORPD. Intel SDM Vol. 2B.</summary>
internal readonly struct PackedOr : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a | b;
}

/// <summary>PXOR, XORPS, XORPD. Intel SDM Vol. 2B.</summary>
internal readonly struct PackedXor : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a ^ b;
}
