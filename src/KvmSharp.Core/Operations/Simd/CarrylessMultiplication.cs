using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace KvmSharp.Operations.Simd;

/// <summary>PCLMULQDQ: the product of two quadwords, chosen by bits 0 and 4 of the immediate, over GF(2). Intel SDM Vol. 2B, "PCLMULQDQ".</summary>
internal readonly struct CarrylessMultiply : IControlledVectorOp
{
    private const int SourceShift = 4;

    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control)
    {
        ulong first = a.AsUInt64().GetElement(control & 1);
        ulong second = b.AsUInt64().GetElement((control >> SourceShift) & 1);
        if (HostVector.HasPclmulqdq)
        {
            return Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(first), Vector128.CreateScalar(second), 0).AsByte();
        }

        UInt128 product = 0;
        for (int bit = 0; bit < 64; bit++)
        {
            product ^= ((second >> bit) & 1) != 0 ? (UInt128)first << bit : 0;
        }

        return ByteShift.Of(product);
    }
}
