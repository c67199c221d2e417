using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>ADD. Intel SDM Vol. 2A, "ADD: Add".</summary>
internal readonly struct Add : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Adder.Sum(a, b, T.Zero, ref flags);
}

/// <summary>ADC. Intel SDM Vol. 2A, "ADC: Add With Carry".</summary>
internal readonly struct Adc : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Adder.Sum(a, b, flags.CarryIn<T>(), ref flags);
}

/// <summary>SUB. Intel SDM Vol. 2B, "SUB: Subtract".</summary>
internal readonly struct Sub : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Adder.Difference(a, b, T.Zero, ref flags);
}

/// <summary>SBB. Intel SDM Vol. 2B, "SBB: Integer Subtraction With Borrow".</summary>
internal readonly struct Sbb : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Adder.Difference(a, b, flags.CarryIn<T>(), ref flags);
}

/// <summary>CMP: SUB without the result. Intel SDM Vol. 2A, "CMP: Compare Two Operands".</summary>
internal readonly struct Cmp : IBinaryOp
{
    public static bool Stores => false;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Adder.Difference(a, b, T.Zero, ref flags);
}
