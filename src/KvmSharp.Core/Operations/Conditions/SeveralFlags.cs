using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Conditions;

/// <summary>Condition 6, BE, NA: CF or ZF.</summary>
internal readonly struct BelowOrEqual : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit | ArithmeticFlags.ZeroBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Carry | flags.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => a <= b;
}

/// <summary>Condition 7, A, NBE: neither CF nor ZF. After CMP: greater, unsigned.</summary>
internal readonly struct Above : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.CarryBit | ArithmeticFlags.ZeroBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !(flags.Carry | flags.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => a > b;
}

/// <summary>Condition 12, L, NGE: SF differs from OF. After CMP: less, signed.</summary>
internal readonly struct Less : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.SignBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Less;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Compared.SignedLess(a, b);
}

/// <summary>Condition 13, GE, NL: SF equals OF.</summary>
internal readonly struct GreaterOrEqual : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.SignBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !flags.Less;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => !Compared.SignedLess(a, b);
}

/// <summary>Condition 14, LE, NG: ZF, or SF differs from OF.</summary>
internal readonly struct LessOrEqual : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.ZeroBit | ArithmeticFlags.SignBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => flags.Zero | flags.Less;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => !Compared.SignedLess(b, a);
}

/// <summary>Condition 15, G, NLE: not ZF, and SF equals OF. After CMP: greater, signed.</summary>
internal readonly struct Greater : ICondition
{
    public static uint FlagsRead => ArithmeticFlags.ZeroBit | ArithmeticFlags.SignBit | ArithmeticFlags.OverflowBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Test(in ArithmeticFlags flags) => !(flags.Zero | flags.Less);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TestCompared<T>(T a, T b)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Compared.SignedLess(b, a);
}
