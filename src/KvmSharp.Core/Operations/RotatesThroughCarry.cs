using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>RCL: the operand and CF rotate as one number of 9, 17, 33 or 65 bits. Intel SDM Vol. 2B, "RCL/RCR/ROL/ROR: Rotate".</summary>
internal readonly struct Rcl : IShiftOp
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = ThroughCarry.Steps<T>(count);
        if (n == 0)
        {
            return value;
        }

        int width = Operand.Bits<T>();
        ulong bits = Operand.ZeroExtend(value);
        ulong top = Operand.AlignTop(value);
        ulong carryIn = flags.CarryIn<ulong>();
        T result = Operand.Truncate<T>((bits << n) | (carryIn << (n - 1)) | ((bits >> 1) >> (width - n)));
        flags.SetCarryOverflow((bits >> (width - n)) << 63, top ^ (top << 1));
        return result;
    }
}

/// <summary>RCR: the operand and CF rotate as one number of 9, 17, 33 or 65 bits. Intel SDM Vol. 2B, "RCL/RCR/ROL/ROR: Rotate".</summary>
internal readonly struct Rcr : IShiftOp
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = ThroughCarry.Steps<T>(count);
        if (n == 0)
        {
            return value;
        }

        int width = Operand.Bits<T>();
        ulong bits = Operand.ZeroExtend(value);
        ulong carryIn = flags.CarryIn<ulong>();
        T result = Operand.Truncate<T>((bits >> n) | (carryIn << (width - n)) | ((bits << 1) << (width - n)));
        flags.SetCarryOverflow((bits >> (n - 1)) << 63, Operand.AlignTop(value) ^ (carryIn << 63));
        return result;
    }
}

/// <summary>The count of RCL and RCR.</summary>
file static class ThroughCarry
{
    /// <summary>Masks the count; for bytes and words a whole turn of 9 or 17 steps changes nothing, not even OF.</summary>
    /// <typeparam name="T">The operand's type.</typeparam>
    /// <param name="count">The count as CL or the immediate byte gives it.</param>
    /// <returns>The steps that are left: at most the width, or 31 or 63.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Steps<T>(int count)
        where T : unmanaged
    {
        int n = Operand.MaskCount<T>(count);
        return Unsafe.SizeOf<T>() <= 2 ? n % (Operand.Bits<T>() + 1) : n;
    }
}
