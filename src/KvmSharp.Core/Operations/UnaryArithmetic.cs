using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>INC, which keeps CF. Intel SDM Vol. 2A, "INC: Increment by 1".</summary>
internal readonly struct Inc : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask & ~ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T sum = a + T.One;
        flags.SetKeepingCarry(sum, a & ~sum); // bits that fell from 1 to 0 carried
        return sum;
    }
}

/// <summary>DEC, which keeps CF. Intel SDM Vol. 2A, "DEC: Decrement by 1".</summary>
internal readonly struct Dec : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask & ~ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T difference = a - T.One;
        flags.SetKeepingCarry(difference, ~a & difference); // bits that rose from 0 to 1 borrowed
        return difference;
    }
}

/// <summary>NEG: 0 minus the operand. Intel SDM Vol. 2B, "NEG: Two's Complement Negation".</summary>
internal readonly struct Neg : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Adder.Difference(T.Zero, a, T.Zero, ref flags);
}

/// <summary>NOT, which touches no flag. Intel SDM Vol. 2B, "NOT: One's Complement Negation".</summary>
internal readonly struct Not : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => ~a;
}
