using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>An operation with the host's arithmetic, and whether its result is the guest's while <see cref="FloatStatus.AllowsHost"/>.</summary>
/// <typeparam name="TOp">The operation.</typeparam>
/// <typeparam name="TFormat">The format.</typeparam>
internal static class HostArithmetic<TOp, TFormat>
    where TOp : struct, IFloatOp
    where TFormat : struct, IFloatFormat
{
    /// <summary>Computes the lowest element; the others are the first operand's.</summary>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <returns>The result.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Scalar(Vector128<byte> a, Vector128<byte> b) => Lanes<TFormat>.Count == 4
        ? a.AsSingle().WithElement(0, TOp.OnHost(a.AsSingle().ToScalar(), b.AsSingle().ToScalar())).AsByte()
        : a.AsDouble().WithElement(0, TOp.OnHost(a.AsDouble().ToScalar(), b.AsDouble().ToScalar())).AsByte();

    /// <summary>Tells whether the lowest element holds: nothing but #P came about.</summary>
    /// <remarks>An infinite or NaN operand gives such a result, or a zero that is not exact; a denormal operand may give any.</remarks>
    /// <param name="a">The first operand.</param>
    /// <param name="b">The second operand.</param>
    /// <param name="result">The host's result.</param>
    /// <returns>Whether it does.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ScalarHolds(Vector128<byte> a, Vector128<byte> b, Vector128<byte> result)
    {
        ulong first = Lanes<TFormat>.Get(a, 0);
        ulong second = Lanes<TFormat>.Get(b, 0);
        ulong value = Lanes<TFormat>.Get(result, 0);
        return !FloatFormat<TFormat>.IsDenormal(first)
            && !FloatFormat<TFormat>.IsDenormal(second)
            && (FloatFormat<TFormat>.IsPlainResult(value)
                || (FloatFormat<TFormat>.IsZero(value) && TOp.GivesExactZero(FloatFormat<TFormat>.IsZero(first), FloatFormat<TFormat>.IsZero(second))));
    }

    /// <summary>Computes all elements.</summary>
    /// <param name="a">The first operands.</param>
    /// <param name="b">The second operands.</param>
    /// <returns>The results.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Packed(Vector128<byte> a, Vector128<byte> b) => Lanes<TFormat>.Count == 4
        ? TOp.OnHost(a.AsSingle(), b.AsSingle()).AsByte()
        : TOp.OnHost(a.AsDouble(), b.AsDouble()).AsByte();

    /// <summary>Tells whether all elements hold.</summary>
    /// <param name="a">The first operands.</param>
    /// <param name="b">The second operands.</param>
    /// <param name="result">The host's results.</param>
    /// <returns>Whether they do.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool PackedHolds(Vector128<byte> a, Vector128<byte> b, Vector128<byte> result) => Lanes<TFormat>.Count == 4
        ? AllHold<uint>(a, b, result)
        : AllHold<ulong>(a, b, result);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AllHold<TBits>(Vector128<byte> a, Vector128<byte> b, Vector128<byte> result)
        where TBits : unmanaged, IBinaryInteger<TBits>
    {
        Vector128<TBits> aIsZero = Lanes<TFormat>.AreZero<TBits>(a);
        Vector128<TBits> bIsZero = Lanes<TFormat>.AreZero<TBits>(b);
        Vector128<TBits> exact = (Mask<TBits>(TOp.GivesExactZero(true, true)) & aIsZero & bIsZero)
            | (Mask<TBits>(TOp.GivesExactZero(true, false)) & aIsZero & ~bIsZero)
            | (Mask<TBits>(TOp.GivesExactZero(false, true)) & ~aIsZero & bIsZero)
            | (Mask<TBits>(TOp.GivesExactZero(false, false)) & ~aIsZero & ~bIsZero);
        Vector128<TBits> holds = Lanes<TFormat>.AreNotDenormal<TBits>(a)
            & Lanes<TFormat>.AreNotDenormal<TBits>(b)
            & (Lanes<TFormat>.ArePlainResults<TBits>(result) | (Lanes<TFormat>.AreZero<TBits>(result) & exact));
        return holds == Vector128<TBits>.AllBitsSet;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<TBits> Mask<TBits>(bool all)
        where TBits : unmanaged => all ? Vector128<TBits>.AllBitsSet : Vector128<TBits>.Zero;
}
