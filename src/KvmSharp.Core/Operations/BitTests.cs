using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of BT, BTS, BTR and BTC: CF becomes the bit; the flags that the manual leaves undefined stay, as on Intel processors.</summary>
internal interface IBitOp : IFlagEffects
{
    /// <summary>Gets whether the result goes to the destination; false for BT.</summary>
    static abstract bool Stores { get; }

    /// <summary>Tests a bit and changes it.</summary>
    /// <typeparam name="T">The operand's width.</typeparam>
    /// <param name="value">The operand: for a memory destination the unit that the index points into.</param>
    /// <param name="index">The bit, modulo the width: 0 is the lowest.</param>
    /// <param name="flags">CF is set.</param>
    /// <returns>The changed operand.</returns>
    static abstract T Apply<T>(T value, int index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>BT. Intel SDM Vol. 2A, "BT: Bit Test".</summary>
internal readonly struct Bt : IBitOp
{
    public static bool Stores => false;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T bit = T.One << (index & (Operand.Bits<T>() - 1));
        flags.SetCarry((value & bit) != T.Zero);
        return value;
    }
}

/// <summary>BTS. Intel SDM Vol. 2A, "BTS: Bit Test and Set".</summary>
internal readonly struct Bts : IBitOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T bit = T.One << (index & (Operand.Bits<T>() - 1));
        flags.SetCarry((value & bit) != T.Zero);
        return value | bit;
    }
}

/// <summary>BTR. Intel SDM Vol. 2A, "BTR: Bit Test and Reset".</summary>
internal readonly struct Btr : IBitOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T bit = T.One << (index & (Operand.Bits<T>() - 1));
        flags.SetCarry((value & bit) != T.Zero);
        return value & ~bit;
    }
}

/// <summary>BTC. Intel SDM Vol. 2A, "BTC: Bit Test and Complement".</summary>
internal readonly struct Btc : IBitOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.CarryBit;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T value, int index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T bit = T.One << (index & (Operand.Bits<T>() - 1));
        flags.SetCarry((value & bit) != T.Zero);
        return value ^ bit;
    }
}
