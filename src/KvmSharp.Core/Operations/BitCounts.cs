using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>POPCNT: CF, OF, SF, AF and PF are cleared. Intel SDM Vol. 2B, "POPCNT".</summary>
internal readonly struct Popcnt : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        flags = ArithmeticFlags.FromRflags(a == T.Zero ? ArithmeticFlags.ZeroBit : 0);
        return Operand.Truncate<T>((ulong)BitOperations.PopCount(Operand.ZeroExtend(a)));
    }
}

/// <summary>TZCNT: the operand's width for zero. Intel SDM Vol. 2B, "TZCNT".</summary>
/// <remarks>CF says that the source is 0, ZF that the result is; the others, undefined in the manual, are cleared.</remarks>
internal readonly struct Tzcnt : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int count = a == T.Zero ? Operand.Bits<T>() : BitOperations.TrailingZeroCount(Operand.ZeroExtend(a));
        return Lzcnt.Finish<T>(count, ref flags);
    }
}

/// <summary>LZCNT: the operand's width for zero. Flags as TZCNT. Intel SDM Vol. 2A, "LZCNT".</summary>
internal readonly struct Lzcnt : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int count = a == T.Zero ? Operand.Bits<T>() : BitOperations.LeadingZeroCount(Operand.AlignTop(a));
        return Finish<T>(count, ref flags);
    }

    internal static T Finish<T>(int count, ref ArithmeticFlags flags)
        where T : unmanaged
    {
        uint carry = count == Operand.Bits<T>() ? ArithmeticFlags.CarryBit : 0;
        flags = ArithmeticFlags.FromRflags(carry | (count == 0 ? ArithmeticFlags.ZeroBit : 0));
        return Operand.Truncate<T>((ulong)count);
    }
}
