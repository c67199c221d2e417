using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>ROL: CF is the bit that came round, also for a multiple of the width. Intel SDM Vol. 2B, "RCL/RCR/ROL/ROR: Rotate".</summary>
internal readonly struct Rol : IShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit | ArithmeticFlags.OverflowBit;

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
        T result = T.RotateLeft(value, n);
        flags.SetCarryOverflow(Operand.ZeroExtend(result) << 63, top ^ (top << 1));
        return result;
    }
}

/// <summary>ROR: CF is the bit that came round, also for a multiple of the width. Intel SDM Vol. 2B, "RCL/RCR/ROL/ROR: Rotate".</summary>
internal readonly struct Ror : IShiftOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int count, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int n = Operand.MaskCount<T>(count);
        if (n == 0)
        {
            return value;
        }

        T result = T.RotateRight(value, n);
        flags.SetCarryOverflow(Operand.AlignTop(result), Operand.AlignTop(value) ^ (Operand.ZeroExtend(value) << 63));
        return result;
    }
}
