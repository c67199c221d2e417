using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>MOVAPS, MOVDQU, MOVD and all that copy the source as it is. Intel SDM Vol. 2B.</summary>
internal readonly struct CopyVector : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => b;
}

/// <summary>MOVQ, MOVDQ2Q, MOVQ2DQ: the low quadword; the rest of the result is 0. Intel SDM Vol. 2B.</summary>
internal readonly struct CopyQuadword : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => (b.AsUInt64() & Vector128.Create(ulong.MaxValue, 0)).AsByte();
}

/// <summary>MOVSS, MOVSD between registers: the low element; the rest of the destination stays. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">uint or ulong.</typeparam>
internal readonly struct ReplaceLowest<T> : IVectorOp
    where T : unmanaged
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Unsafe.SizeOf<T>() == sizeof(ulong)
        ? a.AsDouble().WithElement(0, b.AsDouble().ToScalar()).AsByte()
        : a.AsSingle().WithElement(0, b.AsSingle().ToScalar()).AsByte();
}

/// <summary>MOVHPS and MOVHPD from memory, MOVLHPS: the high half is the source's low one. Intel SDM Vol. 2B.</summary>
internal readonly struct LowToHigh : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a.AsDouble().WithElement(1, b.AsDouble().ToScalar()).AsByte();
}

/// <summary>MOVHLPS: the low half is the source's high one. Intel SDM Vol. 2B.</summary>
internal readonly struct HighToLow : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => a.AsDouble().WithElement(0, b.AsDouble().GetElement(1)).AsByte();
}

/// <summary>MOVHPS and MOVHPD to memory: the high half. Intel SDM Vol. 2B.</summary>
internal readonly struct CopyHigh : IVectorOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.CreateScalar(b.AsUInt64().GetElement(1)).AsByte();
}

/// <summary>PMOVMSKB, MOVMSKPS, MOVMSKPD: the signs of all elements. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct SignMask<T> : IVectorOp
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        Vector128.CreateScalar(Vector128.ExtractMostSignificantBits(b.As<byte, T>())).AsByte();
}

/// <summary>PINSRB, PINSRW, PINSRD, PINSRQ: upper bits of the index are ignored. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct InsertElement<T> : IControlledVectorOp
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        a.As<byte, T>().WithElement(control & (Vector128<T>.Count - 1), b.As<byte, T>().ToScalar()).AsByte();
}

/// <summary>PINSRW on MMX registers.</summary>
internal readonly struct InsertWordMmx : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) => InsertElement<ushort>.Apply(a, b, (byte)(control & 3));
}

/// <summary>PEXTRB, PEXTRW, PEXTRD, PEXTRQ, EXTRACTPS: zero-extended. Intel SDM Vol. 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct ExtractElement<T> : IControlledVectorOp
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        Vector128.CreateScalar(b.As<byte, T>().GetElement(control & (Vector128<T>.Count - 1))).AsByte();
}

/// <summary>PEXTRW on MMX registers.</summary>
internal readonly struct ExtractWordMmx : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) => ExtractElement<ushort>.Apply(a, b, (byte)(control & 3));
}

/// <summary>INSERTPS from a register: chooses an element, a place, and elements to clear. Intel SDM Vol. 2A.</summary>
internal readonly struct InsertSingle : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        InsertSingleFromMemory.Insert(a, b.AsUInt32().GetElement(control >> 6), control);
}

/// <summary>INSERTPS from memory: there is one element only.</summary>
internal readonly struct InsertSingleFromMemory : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) => Insert(a, b.AsUInt32().ToScalar(), control);

    internal static Vector128<byte> Insert(Vector128<byte> a, uint element, byte control)
    {
        Vector128<uint> result = a.AsUInt32().WithElement((control >> 4) & 3, element);
        for (int i = 0; i < Vector128<uint>.Count; i++)
        {
            result = (control & (1 << i)) != 0 ? result.WithElement(i, 0U) : result;
        }

        return result.AsByte();
    }
}
