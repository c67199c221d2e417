using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>BSWAP at 32 and 64 bits. Intel SDM Vol. 2A, "BSWAP: Byte Swap".</summary>
/// <remarks>At 16 bits, undefined in the manual, the result is 0, as Intel processors give.</remarks>
internal readonly struct Bswap : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (Unsafe.SizeOf<T>() < 4)
        {
            return T.Zero;
        }

        return Operand.Truncate<T>(BinaryPrimitives.ReverseEndianness(Operand.AlignTop(a)));
    }
}
