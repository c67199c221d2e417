using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of SHLD and SHRD at 16, 32 and 64 bits.</summary>
/// <remarks>
/// Count and OF as in <see cref="IShiftOp"/>. A 16-bit operand and a count above 16 are undefined in the manual; Intel processors then
/// shift the 48 bits destination, source, destination.
/// </remarks>
internal interface IDoubleShiftOp : IFlagEffects
{
    static abstract T Apply<T>(T destination, T source, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>SHLD. Intel SDM Vol. 2B, "SHLD: Double Precision Shift Left".</summary>
internal readonly struct Shld : IDoubleShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T destination, T source, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = Operand.MaskCount<T>(count);
        if (n == 0)
        {
            return destination;
        }

        ulong top = Operand.AlignTop(destination);
        ulong carry;
        T result;
        if (Unsafe.SizeOf<T>() == 2)
        {
            ulong bits = top | DoubleShift.Behind(destination, source);
            carry = bits << (n - 1);
            result = Operand.Truncate<T>((carry << 1) >> 48);
        }
        else
        {
            carry = top << (n - 1);
            result = (destination << n) | (source >> (Operand.Bits<T>() - n));
        }

        flags.SetShifted(result, carry, top ^ (top << 1));
        return result;
    }
}

/// <summary>SHRD. Intel SDM Vol. 2B, "SHRD: Double Precision Shift Right".</summary>
internal readonly struct Shrd : IDoubleShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T destination, T source, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = Operand.MaskCount<T>(count);
        if (n == 0)
        {
            return destination;
        }

        ulong carry;
        T result;
        if (Unsafe.SizeOf<T>() == 2)
        {
            ulong bits = (Operand.AlignTop(destination) | DoubleShift.Behind(destination, source)) >> 16;
            carry = bits >> (n - 1);
            result = Operand.Truncate<T>(carry >> 1);
        }
        else
        {
            carry = Operand.ZeroExtend(destination) >> (n - 1);
            result = (destination >> n) | (source << (Operand.Bits<T>() - n));
        }

        flags.SetShifted(result, carry << 63, Operand.AlignTop(destination) ^ (Operand.ZeroExtend(source) << 63));
        return result;
    }
}

/// <summary>The 48-bit form that word operands shift in.</summary>
file static class DoubleShift
{
    /// <summary>Gives what stands below the destination in bits 63 to 48: the source, then the destination again.</summary>
    /// <typeparam name="T">ushort.</typeparam>
    /// <param name="destination">The destination.</param>
    /// <param name="source">The source.</param>
    /// <returns>The source in bits 47 to 32, the destination in bits 31 to 16.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Behind<T>(T destination, T source)
        where T : unmanaged => (Operand.ZeroExtend(source) << 32) | (Operand.ZeroExtend(destination) << 16);
}
