using System.Numerics;
using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of BSF and BSR.</summary>
/// <remarks>
/// ZF says that the source is 0. Of the flags that the manual leaves undefined, PF follows the index (or the zero source) and the rest
/// are cleared, as by Intel processors.
/// </remarks>
internal interface IBitScanOp : IFlagEffects
{
    /// <summary>Finds a bit that is 1.</summary>
    /// <typeparam name="T">The operand's width.</typeparam>
    /// <param name="source">Where to look.</param>
    /// <param name="index">The bit: 0 is the lowest.</param>
    /// <param name="flags">The flags to set.</param>
    /// <returns>False if the source is 0: the destination then keeps its value.</returns>
    static abstract bool TryScan<T>(T source, out T index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>;
}

/// <summary>BSF: the lowest. Intel SDM Vol. 2A, "BSF: Bit Scan Forward".</summary>
internal readonly struct Bsf : IBitScanOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScan<T>(T source, out T index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (source == T.Zero)
        {
            index = T.Zero;
            flags.SetLogic(source);
            return false;
        }

        index = Operand.Truncate<T>((ulong)BitOperations.TrailingZeroCount(Operand.ZeroExtend(source)));
        flags.SetNonZero(index);
        return true;
    }
}

/// <summary>BSR: the highest. Intel SDM Vol. 2A, "BSR: Bit Scan Reverse".</summary>
internal readonly struct Bsr : IBitScanOp
{
    public static uint FlagsRead => 0;

    public static uint FlagsWritten => ArithmeticFlags.Mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryScan<T>(T source, out T index, ref ArithmeticFlags flags)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        if (source == T.Zero)
        {
            index = T.Zero;
            flags.SetLogic(source);
            return false;
        }

        index = Operand.Truncate<T>((ulong)BitOperations.Log2(Operand.ZeroExtend(source)));
        flags.SetNonZero(index);
        return true;
    }
}
