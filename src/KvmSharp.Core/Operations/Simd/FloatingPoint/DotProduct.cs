using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>DPPS, DPPD: the immediate's high half selects products, its low half the elements that receive the sum. Intel SDM Vol. 2A.</summary>
/// <remarks>Done in steps: an unmasked exception of the products keeps the sums from being made, and so on.</remarks>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct DotProduct<TFormat> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
{
    private const int SelectShift = 4;

    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        Vector128<byte> products = default;
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            if ((control & (1 << (SelectShift + lane))) != 0)
            {
                ulong product = FloatMultiply.Apply<TFormat>(Lanes<TFormat>.Get(a, lane), Lanes<TFormat>.Get(b, lane), ref status);
                products = Lanes<TFormat>.With(products, lane, product);
            }
        }

        if (status.Unmasked != 0)
        {
            return a;
        }

        // Each element adds for itself, so that of two NaNs a different one wins: its neighbour's product is the first operand.
        Vector128<byte> sums = products;
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            sums = Lanes<TFormat>.With(sums, lane, Sum(products, lane ^ 1, lane, ref status));
        }

        if (Lanes<TFormat>.Count == 4)
        {
            if (status.Unmasked != 0)
            {
                return a;
            }

            Vector128<byte> pairs = sums;
            for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
            {
                sums = Lanes<TFormat>.With(sums, lane, Sum(pairs, lane, lane ^ 2, ref status));
            }
        }

        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            sums = (control & (1 << lane)) != 0 ? sums : Lanes<TFormat>.With(sums, lane, 0);
        }

        return sums;
    }

    private static ulong Sum(Vector128<byte> values, int first, int second, ref FloatStatus status) =>
        FloatSum.Of<TFormat>(Lanes<TFormat>.Get(values, first), Lanes<TFormat>.Get(values, second), 0, ref status);
}
