using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd;

/// <summary>PMOVSXBW and its like, PMOVZXBW and its like: the low elements, widened as their sign says. Intel SDM Vol. 2B.</summary>
/// <typeparam name="TFrom">The source's element.</typeparam>
/// <typeparam name="TTo">The result's element.</typeparam>
internal readonly struct Widen<TFrom, TTo> : IVectorOp
    where TFrom : unmanaged, INumber<TFrom>
    where TTo : unmanaged, INumber<TTo>
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b)
    {
        Vector128<TTo> result = default;
        for (int i = 0; i < Vector128<TTo>.Count; i++)
        {
            result = result.WithElement(i, Extend(b.As<byte, TFrom>().GetElement(i)));
        }

        return result.AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TTo Extend(TFrom value) => TTo.CreateTruncating(value);
}
