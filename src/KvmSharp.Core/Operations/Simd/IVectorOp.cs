using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>An integer operation, a move or a shuffle: from two vectors to one. MMX registers are the low halves of such vectors.</summary>
internal interface IVectorOp
{
    /// <summary>Carries it out.</summary>
    /// <param name="a">The destination's old value.</param>
    /// <param name="b">The source, zero-extended when it is narrower.</param>
    /// <returns>The destination's new value.</returns>
    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b);
}

/// <summary>As <see cref="IVectorOp"/>, with an immediate byte.</summary>
internal interface IControlledVectorOp
{
    /// <summary>Carries it out.</summary>
    /// <param name="a">The destination's old value.</param>
    /// <param name="b">The source, zero-extended when it is narrower.</param>
    /// <param name="control">The immediate.</param>
    /// <returns>The destination's new value.</returns>
    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control);
}

/// <summary>The MMX form of an operation whose result takes its low half from the first operand and its high half from the second, pairwise.</summary>
/// <remarks>With both MMX operands side by side as the first, the low half of the result is the MMX result.</remarks>
/// <typeparam name="TOp">The XMM form.</typeparam>
internal readonly struct SideBySide<TOp> : IVectorOp
    where TOp : struct, IVectorOp
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b) =>
        TOp.Apply(Vector128.Create(a.GetLower(), b.GetLower()), default);
}
