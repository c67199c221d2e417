using System.Runtime.CompilerServices;

namespace KvmSharp.Operations;

/// <summary>The meaning of a move to a wider operand. No flag is touched.</summary>
internal interface IExtensionOp
{
    static abstract TTo Apply<TFrom, TTo>(TFrom value)
        where TFrom : unmanaged
        where TTo : unmanaged;
}

/// <summary>MOVZX. Intel SDM Vol. 2B, "MOVZX: Move With Zero-Extend".</summary>
internal readonly struct Movzx : IExtensionOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom value)
        where TFrom : unmanaged
        where TTo : unmanaged => Operand.Truncate<TTo>(Operand.ZeroExtend(value));
}

/// <summary>
/// MOVSX and MOVSXD, and on the accumulator CBW, CWDE and CDQE. Intel SDM Vol. 2B, "MOVSX/MOVSXD: Move With Sign-Extension"; Vol. 2A,
/// "CBW/CWDE/CDQE: Convert Byte to Word/Convert Word to Doubleword/Convert Doubleword to Quadword".
/// </summary>
internal readonly struct Movsx : IExtensionOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TTo Apply<TFrom, TTo>(TFrom value)
        where TFrom : unmanaged
        where TTo : unmanaged => Operand.Truncate<TTo>(Operand.SignExtend(value));
}

/// <summary>
/// CWD, CDQ and CQO: what DX, EDX or RDX becomes, the accumulator's sign in every bit. Intel SDM Vol. 2A,
/// "CWD/CDQ/CQO: Convert Word to Doubleword/Convert Doubleword to Quadword".
/// </summary>
internal readonly struct Cwd
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Apply<T>(T accumulator)
        where T : unmanaged => Operand.Truncate<T>((ulong)((long)Operand.SignExtend(accumulator) >> 63));
}
