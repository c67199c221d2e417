using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>ANDN: NOT first AND second; the flags of AND. Intel SDM Vol. 2A, "ANDN".</summary>
internal readonly struct Andn : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = ~a & b;
        flags.SetLogic(result);
        return result;
    }
}

/// <summary>BEXTR: bits of the first operand; the second's low byte is the start, the next one the length. Intel SDM Vol. 2A, "BEXTR".</summary>
/// <remarks>ZF follows the result; CF and OF are cleared, and so are AF, SF and PF, which the manual leaves undefined.</remarks>
internal readonly struct Bextr : IBinaryOp
{
    public static bool Stores => true;

    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, T b, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        int start = (byte)Operand.ZeroExtend(b);
        int length = (byte)(Operand.ZeroExtend(b) >> 8);
        ulong shifted = start < Operand.Bits<T>() ? Operand.ZeroExtend(a) >> start : 0;
        T result = Operand.Truncate<T>(length < Operand.Bits<T>() ? shifted & ((1UL << length) - 1) : shifted);
        flags = ArithmeticFlags.FromRflags(result == T.Zero ? ArithmeticFlags.ZeroBit : 0);
        return result;
    }
}

/// <summary>BLSI: the lowest bit alone; CF says that there is one. Intel SDM Vol. 2A, "BLSI".</summary>
internal readonly struct Blsi : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a & (T.Zero - a);
        flags.SetLogic(result);
        flags.SetCarry(a != T.Zero);
        return result;
    }
}

/// <summary>BLSMSK: ones up to the lowest bit; CF says that there is none. Intel SDM Vol. 2A, "BLSMSK".</summary>
internal readonly struct Blsmsk : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a ^ (a - T.One);
        flags.SetLogic(result);
        flags.SetCarry(a == T.Zero);
        return result;
    }
}

/// <summary>BLSR: without the lowest bit; CF says that there is none. Intel SDM Vol. 2A, "BLSR".</summary>
internal readonly struct Blsr : IUnaryOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T a, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T result = a & (a - T.One);
        flags.SetLogic(result);
        flags.SetCarry(a == T.Zero);
        return result;
    }
}
