using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>SHL and SAL. Intel SDM Vol. 2B, "SAL/SAR/SHL/SHR: Shift".</summary>
internal readonly struct Shl : IShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = Operand.MaskCount<T>(count);
        if (n == 0)
        {
            return value;
        }

        ulong top = Operand.AlignTop(value);
        ulong carry = top << (n - 1); // bit 63: the last bit that leaves
        T result = Operand.Truncate<T>((carry << 1) >> (64 - Operand.Bits<T>()));
        flags.SetShifted(result, carry, top ^ (top << 1));
        return result;
    }
}

/// <summary>SHR. Intel SDM Vol. 2B, "SAL/SAR/SHL/SHR: Shift".</summary>
internal readonly struct Shr : IShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = Operand.MaskCount<T>(count);
        if (n == 0)
        {
            return value;
        }

        ulong carry = Operand.ZeroExtend(value) >> (n - 1); // bit 0: the last bit that leaves
        T result = Operand.Truncate<T>(carry >> 1);
        flags.SetShifted(result, carry << 63, Operand.AlignTop(value));
        return result;
    }
}

/// <summary>SAR. Intel SDM Vol. 2B, "SAL/SAR/SHL/SHR: Shift".</summary>
internal readonly struct Sar : IShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = Operand.MaskCount<T>(count);
        if (n == 0)
        {
            return value;
        }

        long carry = (long)Operand.SignExtend(value) >> (n - 1); // bit 0: the last bit that leaves
        T result = Operand.Truncate<T>((ulong)(carry >> 1));
        flags.SetShifted(result, (ulong)carry << 63, 0);
        return result;
    }
}
