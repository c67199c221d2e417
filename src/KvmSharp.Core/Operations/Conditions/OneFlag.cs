using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Conditions;

/// <summary>Condition 0, O: OF.</summary>
internal readonly struct Overflow : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Overflow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Compared.Flags(a, b).Overflow;
}

/// <summary>Condition 1, NO: not OF.</summary>
internal readonly struct NotOverflow : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !flags.Overflow;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => !Compared.Flags(a, b).Overflow;
}

/// <summary>Condition 2, B, C, NAE: CF. After CMP: less, unsigned.</summary>
internal readonly struct Below : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Carry;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => a < b;
}

/// <summary>Condition 3, AE, NB, NC: not CF.</summary>
internal readonly struct AboveOrEqual : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !flags.Carry;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => a >= b;
}

/// <summary>Condition 4, E, Z: ZF.</summary>
internal readonly struct Equal : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.ZeroBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => a == b;
}

/// <summary>Condition 5, NE, NZ: not ZF.</summary>
internal readonly struct NotEqual : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.ZeroBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !flags.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => a != b;
}

/// <summary>Condition 8, S: SF.</summary>
internal readonly struct Sign : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.SignBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Sign;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Compared.Flags(a, b).Sign;
}

/// <summary>Condition 9, NS: not SF.</summary>
internal readonly struct NotSign : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.SignBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !flags.Sign;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => !Compared.Flags(a, b).Sign;
}

/// <summary>Condition 10, P, PE: PF.</summary>
internal readonly struct Parity : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.ParityBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Parity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Compared.Flags(a, b).Parity;
}

/// <summary>Condition 11, NP, PO: not PF.</summary>
internal readonly struct NotParity : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.ParityBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !flags.Parity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => !Compared.Flags(a, b).Parity;
}
