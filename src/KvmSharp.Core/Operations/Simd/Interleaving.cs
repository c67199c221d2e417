using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PUNPCKLBW to PUNPCKLQDQ, UNPCKLPS, UNPCKLPD: elements of the low halves in turn, the destination's first. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">An unsigned element.</typeparam>
internal readonly struct InterleaveLow<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Unsafe.SizeOf<T>() switch
    {
        1 => (Vector128.WidenLower(a) | (Vector128.WidenLower(b) << 8)).AsByte(),
        2 => (Vector128.WidenLower(a.AsUInt16()) | (Vector128.WidenLower(b.AsUInt16()) << 16)).AsByte(),
        4 => (Vector128.WidenLower(a.AsUInt32()) | (Vector128.WidenLower(b.AsUInt32()) << 32)).AsByte(),
        _ => a.AsDouble().WithElement(1, b.AsDouble().ToScalar()).AsByte(),
    };
}

/// <summary>PUNPCKHBW to PUNPCKHQDQ, UNPCKHPS, UNPCKHPD: of the high halves. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">An unsigned element.</typeparam>
internal readonly struct InterleaveHigh<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Unsafe.SizeOf<T>() switch
    {
        1 => (Vector128.WidenUpper(a) | (Vector128.WidenUpper(b) << 8)).AsByte(),
        2 => (Vector128.WidenUpper(a.AsUInt16()) | (Vector128.WidenUpper(b.AsUInt16()) << 16)).AsByte(),
        4 => (Vector128.WidenUpper(a.AsUInt32()) | (Vector128.WidenUpper(b.AsUInt32()) << 32)).AsByte(),
        _ => b.AsDouble().WithElement(0, a.AsDouble().GetElement(1)).AsByte(),
    };
}

/// <summary>PUNPCKHBW and its like on MMX registers: the high half of what interleaving the registers gives. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">An unsigned element.</typeparam>
internal readonly struct InterleaveHighMmx<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<byte> all = InterleaveLow<T>.Apply(a, b);
        return Vector128.Create(all.GetUpper(), default);
    }
}

/// <summary>PACKSSWB: words to signed bytes, saturated. Intel SDM Vol. 2B.</summary>
internal readonly struct PackSignedWords : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.NarrowWithSaturation(a.AsInt16(), b.AsInt16()).AsByte();
}

/// <summary>PACKSSDW: doublewords to signed words, saturated. Intel SDM Vol. 2B.</summary>
internal readonly struct PackSignedDoublewords : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.NarrowWithSaturation(a.AsInt32(), b.AsInt32()).AsByte();
}

/// <summary>PACKUSWB: words to unsigned bytes, saturated. Intel SDM Vol. 2B.</summary>
internal readonly struct PackUnsignedWords : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Narrow(Clamp(a.AsInt16()), Clamp(b.AsInt16())).AsByte();

    private static Vector128<short> Clamp(Vector128<short> v) =>
        Vector128.Min(Vector128.Max(v, Vector128<short>.Zero), Vector128.Create((short)byte.MaxValue));
}

/// <summary>PACKUSDW: doublewords to unsigned words, saturated. Intel SDM Vol. 2B.</summary>
internal readonly struct PackUnsignedDoublewords : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.Narrow(Clamp(a.AsInt32()), Clamp(b.AsInt32())).AsByte();

    private static Vector128<int> Clamp(Vector128<int> v) =>
        Vector128.Min(Vector128.Max(v, Vector128<int>.Zero), Vector128.Create((int)ushort.MaxValue));
}
