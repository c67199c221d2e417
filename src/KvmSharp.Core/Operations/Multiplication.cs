using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of MUL and IMUL with one operand: a product of twice the width.</summary>
/// <remarks>
/// CF and OF say that the low half does not hold the product. Of the flags that the manual leaves undefined, SF and PF follow the low
/// half and ZF and AF are cleared, as by Intel processors.
/// </remarks>
internal interface IMultiplyOp : IFlagEffects
{
    /// <summary>Multiplies.</summary>
    /// <typeparam name="T">The operands' width.</typeparam>
    /// <param name="a">The accumulator.</param>
    /// <param name="b">The operand.</param>
    /// <param name="high">The product's high half.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>The product's low half.</returns>
    static abstract T Apply<T>(T a, T b, out T high, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>MUL. Intel SDM Vol. 2B, "MUL: Unsigned Multiply".</summary>
internal readonly struct Mul : IMultiplyOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, out T high, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T low;
        if (Unsafe.SizeOf<T>() == 8)
        {
            high = Operand.Truncate<T>(Math.BigMul(Operand.ZeroExtend(a), Operand.ZeroExtend(b), out ulong low64));
            low = Operand.Truncate<T>(low64);
        }
        else
        {
            ulong product = Operand.ZeroExtend(a) * Operand.ZeroExtend(b);
            low = Operand.Truncate<T>(product);
            high = Operand.Truncate<T>(product >> Operand.Bits<T>());
        }

        bool lost = high != T.Zero;
        flags.SetNonZero(low);
        flags.SetCarryOverflow(lost, lost);
        return low;
    }
}

/// <summary>IMUL with one operand. Intel SDM Vol. 2A, "IMUL: Signed Multiply".</summary>
internal readonly struct Imul : IMultiplyOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, out T high, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T low;
        if (Unsafe.SizeOf<T>() == 8)
        {
            long high64 = Math.BigMul((long)Operand.ZeroExtend(a), (long)Operand.ZeroExtend(b), out long low64);
            high = Operand.Truncate<T>((ulong)high64);
            low = Operand.Truncate<T>((ulong)low64);
        }
        else
        {
            ulong product = Operand.SignExtend(a) * Operand.SignExtend(b);
            low = Operand.Truncate<T>(product);
            high = Operand.Truncate<T>(product >> Operand.Bits<T>());
        }

        bool lost = high != Operand.Truncate<T>((ulong)((long)Operand.SignExtend(low) >> 63));
        flags.SetNonZero(low);
        flags.SetCarryOverflow(lost, lost);
        return low;
    }
}

/// <summary>IMUL with two or three operands: the low half, and whether it is the product. Intel SDM Vol. 2A, "IMUL: Signed Multiply".</summary>
internal readonly struct ImulLow : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => Imul.Apply(a, b, out _, ref flags);
}
