using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>An operation on all elements.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct PackedFloat<TOp, TFormat> : IVectorFloatOp
    where TOp : struct, IFloatOp
    where TFormat : struct, IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        if (TOp.HasHost && status.AllowsHost && HostVector.IsUsed)
        {
            Vector128<byte> quick = HostArithmetic<TOp, TFormat>.Packed(a, b);
            if (HostArithmetic<TOp, TFormat>.PackedHolds(a, b, quick))
            {
                return quick;
            }
        }

        return ApplyFully(a, b, ref status);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<byte> ApplyFully(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status)
    {
        Vector128<byte> result = default;
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            ulong value = TOp.Apply<TFormat>(Lanes<TFormat>.Get(a, lane), Lanes<TFormat>.Get(b, lane), ref status);
            result = Lanes<TFormat>.With(result, lane, value);
        }

        return result;
    }
}

/// <summary>An operation on the lowest element; the others of the destination stay.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct ScalarFloat<TOp, TFormat> : IVectorFloatOp
    where TOp : struct, IFloatOp
    where TFormat : struct, IFloatFormat
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        if (TOp.HasHost && status.AllowsHost && HostVector.IsUsed)
        {
            Vector128<byte> quick = HostArithmetic<TOp, TFormat>.Scalar(a, b);
            if (HostArithmetic<TOp, TFormat>.ScalarHolds(a, b, quick))
            {
                return quick;
            }
        }

        return ApplyFully(a, b, ref status);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector128<byte> ApplyFully(Vector128<byte> a, Vector128<byte> b, ref FloatStatus status) =>
        Lanes<TFormat>.With(a, 0, TOp.Apply<TFormat>(Lanes<TFormat>.Get(a, 0), Lanes<TFormat>.Get(b, 0), ref status));
}

/// <summary>ADDSUBPS, ADDSUBPD: subtracts in even elements, adds in odd ones. Intel SDM Vol. 2A.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct AddSubtract<TFormat> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        Vector128<byte> result = a;
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            ulong negation = (lane & 1) == 0 ? FloatFormat<TFormat>.SignBit : 0;
            ulong value = FloatSum.Of<TFormat>(Lanes<TFormat>.Get(a, lane), Lanes<TFormat>.Get(b, lane), negation, ref status);
            result = Lanes<TFormat>.With(result, lane, value);
        }

        return result;
    }
}

/// <summary>HADDPS, HADDPD, HSUBPS, HSUBPD: on neighbours, the destination's pairs first. Intel SDM Vol. 2A.</summary>
/// <typeparam name="TOp">Addition or subtraction.</typeparam>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct HorizontalFloat<TOp, TFormat> : IVectorFloatOp
    where TOp : struct, IFloatOp
    where TFormat : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        Vector128<byte> result = a;
        int half = Lanes<TFormat>.Count / 2;
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            Vector128<byte> source = lane < half ? a : b;
            int pair = lane % half * 2;
            ulong value = TOp.Apply<TFormat>(Lanes<TFormat>.Get(source, pair), Lanes<TFormat>.Get(source, pair + 1), ref status);
            result = Lanes<TFormat>.With(result, lane, value);
        }

        return result;
    }
}

/// <summary>CMPPS, CMPPD: all ones where the predicate holds. Intel SDM Vol. 2A.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct PackedCompare<TFormat> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status)
    {
        for (int lane = 0; lane < Lanes<TFormat>.Count; lane++)
        {
            a = Lanes<TFormat>.With(a, lane, ScalarCompare<TFormat>.Mask(a, b, lane, control, ref status));
        }

        return a;
    }
}

/// <summary>CMPSS, CMPSD. Intel SDM Vol. 2A.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal readonly struct ScalarCompare<TFormat> : IVectorFloatOp
    where TFormat : struct, IFloatFormat
{
    public static Vector128<byte> Apply(Vector128<byte> a, Vector128<byte> b, byte control, ref FloatStatus status) =>
        Lanes<TFormat>.With(a, 0, Mask(a, b, 0, control, ref status));

    // LT, LE and their negations take offence at quiet NaNs. The upper bits of the immediate are ignored.
    internal static ulong Mask(Vector128<byte> a, Vector128<byte> b, int lane, byte control, ref FloatStatus status)
    {
        bool signalsQuiet = (control & 3) is 1 or 2;
        FloatRelation relation = FloatComparison.Compare<TFormat>(Lanes<TFormat>.Get(a, lane), Lanes<TFormat>.Get(b, lane), signalsQuiet, ref status);
        return FloatComparison.Holds(relation, control & 7) ? ulong.MaxValue : 0;
    }
}
