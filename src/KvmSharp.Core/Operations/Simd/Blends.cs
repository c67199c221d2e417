using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PBLENDW, BLENDPS, BLENDPD: a bit of the immediate chooses the source's element. Intel SDM Vol. 2A, 2B.</summary>
/// <typeparam name="T">The element.</typeparam>
internal readonly struct Blend<T> : IControlledVectorOp
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control)
    {
        for (int i = 0; i < Vector128<T>.Count; i++)
        {
            if ((control & (1 << i)) != 0)
            {
                a = a.As<byte, T>().WithElement(i, b.As<byte, T>().GetElement(i)).AsByte();
            }
        }

        return a;
    }
}

/// <summary>PBLENDVB, BLENDVPS, BLENDVPD: the sign of each element of XMM0 chooses the source's. Intel SDM Vol. 2A, 2B.</summary>
/// <typeparam name="T">A signed element.</typeparam>
internal readonly struct VariableBlend<T> : IMaskedVectorOp
    where T : unmanaged
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, Vector128<byte> mask)
    {
        Vector128<byte> chosen = Vector128.LessThan(mask.As<byte, T>(), Vector128<T>.Zero).AsByte();
        return Vector128.ConditionalSelect(chosen, b, a);
    }
}

/// <summary>As <see cref="IVectorOp"/>, with XMM0 as a third operand.</summary>
internal interface IMaskedVectorOp
{
    /// <summary>Carries it out.</summary>
    /// <param name="a">The destination's old value.</param>
    /// <param name="b">The source.</param>
    /// <param name="mask">XMM0.</param>
    /// <returns>The destination's new value.</returns>
    static abstract Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, Vector128<byte> mask);
}
