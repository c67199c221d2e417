using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace KvmSharp.Operations.Simd;

/// <summary>PSHUFB: the source names a byte of the destination, or zero. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleBytes : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        if (HostVector.HasSsse3)
        {
            return Ssse3.Shuffle(a, b);
        }

        // Bit 7 stays, so that an index to be cleared is out of range, which gives zero.
        return Vector128.Shuffle(a, b & Vector128.Create((byte)0x8F));
    }
}

/// <summary>PSHUFB on MMX registers: the index has three bits. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleBytesMmx : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => ShuffleBytes.Apply(a, b & Vector128.Create((byte)0x87));
}

/// <summary>PSHUFD: four doublewords by two bits of the immediate each. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleDoublewords : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        Vector128.Shuffle(b.AsUInt32(), Selector.Doublewords(control)).AsByte();
}

/// <summary>PSHUFLW, and PSHUFW on MMX registers: the low four words. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleLowWords : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        Vector128.Create(Selector.Words(b.AsUInt64().ToScalar(), control), b.AsUInt64().GetElement(1)).AsByte();
}

/// <summary>PSHUFHW: the high four words. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleHighWords : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        Vector128.Create(b.AsUInt64().ToScalar(), Selector.Words(b.AsUInt64().GetElement(1), control)).AsByte();
}

/// <summary>SHUFPS: two elements of the destination, two of the source. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleSingles : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control)
    {
        Vector128<uint> first = Vector128.Shuffle(a.AsUInt32(), Selector.Doublewords(control));
        Vector128<uint> second = Vector128.Shuffle(b.AsUInt32(), Selector.Doublewords(control));
        return Vector128.Create(first.GetLower(), second.GetUpper()).AsByte();
    }
}

/// <summary>SHUFPD: one element of the destination, one of the source. Intel SDM Vol. 2B.</summary>
internal readonly struct ShuffleDoubles : IControlledVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control) =>
        Vector128.Create(a.AsUInt64().GetElement(control & 1), b.AsUInt64().GetElement((control >> 1) & 1)).AsByte();
}

/// <summary>MOVSLDUP: even singles twice. Intel SDM Vol. 2B.</summary>
internal readonly struct DuplicateEven : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.Shuffle(b.AsUInt32(), Vector128.Create(0U, 0, 2, 2)).AsByte();
}

/// <summary>MOVSHDUP: odd singles twice. Intel SDM Vol. 2B.</summary>
internal readonly struct DuplicateOdd : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.Shuffle(b.AsUInt32(), Vector128.Create(1U, 1, 3, 3)).AsByte();
}

/// <summary>MOVDDUP: the low double twice. Intel SDM Vol. 2B.</summary>
internal readonly struct DuplicateDouble : IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) => Vector128.Create(b.AsDouble().ToScalar()).AsByte();
}

/// <summary>Immediates of four fields of two bits.</summary>
internal static class Selector
{
    public static Vector128<uint> Doublewords(byte control) =>
        Vector128.Create((uint)control & 3, ((uint)control >> 2) & 3, ((uint)control >> 4) & 3, (uint)control >> 6);

    public static ulong Words(ulong words, byte control)
    {
        ulong result = 0;
        for (int i = 0; i < 4; i++)
        {
            int index = (control >> (2 * i)) & 3;
            result |= (ulong)(ushort)(words >> (16 * index)) << (16 * i);
        }

        return result;
    }
}
