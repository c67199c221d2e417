using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>AND; AF, undefined by the manual, is cleared as by Intel processors. Intel SDM Vol. 2A, "AND: Logical AND".</summary>
internal readonly struct And : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a & b;
        flags.SetLogic(result);
        return result;
    }
}

/// <summary>OR; AF is cleared. Intel SDM Vol. 2B, "OR: Logical Inclusive OR".</summary>
internal readonly struct Or : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a | b;
        flags.SetLogic(result);
        return result;
    }
}

/// <summary>XOR; AF is cleared. Intel SDM Vol. 2D, "XOR: Logical Exclusive OR".</summary>
internal readonly struct Xor : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a ^ b;
        flags.SetLogic(result);
        return result;
    }
}

/// <summary>TEST: AND without the result; AF is cleared. Intel SDM Vol. 2B, "TEST: Logical Compare".</summary>
internal readonly struct Test : IBinaryOp
{
    public static bool Stores => false;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a & b;
        flags.SetLogic(result);
        return result;
    }
}
