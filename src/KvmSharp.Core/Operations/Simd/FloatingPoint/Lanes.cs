using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>The elements of a vector as bit patterns of a format.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal static class Lanes<TFormat>
    where TFormat : struct, IFloatFormat
{
    /// <summary>Gets how many there are: 4 or 2.</summary>
    public static int Count => Vector128<byte>.Count * 8 / FloatFormat<TFormat>.Bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Get(Vector128<byte> vector, int lane) =>
        Count == 4 ? vector.AsUInt32().GetElement(lane) : vector.AsUInt64().GetElement(lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> With(Vector128<byte> vector, int lane, ulong value) => Count == 4
        ? vector.AsUInt32().WithElement(lane, (uint)value).AsByte()
        : vector.AsUInt64().WithElement(lane, value).AsByte();

    /// <summary>Tests every element by <see cref="FloatFormat{TFormat}.IsPlainOperand"/>.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>Whether all are.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ArePlainOperands(Vector128<byte> vector)
    {
        Vector128<byte> plain = Count == 4
            ? Between<uint>(vector, (uint)FloatFormat<TFormat>.FractionMask + 1) | AreZero<uint>(vector)
            : Between<ulong>(vector, FloatFormat<TFormat>.FractionMask + 1) | AreZero<ulong>(vector);
        return plain == Vector128<byte>.AllBitsSet;
    }

    /// <summary>Tests every element by <see cref="FloatFormat{TFormat}.IsPlainResult"/>.</summary>
    /// <param name="vector">The vector.</param>
    /// <returns>Whether all are.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool ArePlainResults(Vector128<byte> vector)
    {
        Vector128<byte> plain = Count == 4
            ? Between<uint>(vector, (uint)FloatFormat<TFormat>.FractionMask + 2)
            : Between<ulong>(vector, FloatFormat<TFormat>.FractionMask + 2);
        return plain == Vector128<byte>.AllBitsSet;
    }

    /// <summary>Computes with the host's arithmetic if that gives the same bits and there is nothing to report.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="a">The first operands.</param>
    /// <param name="b">The second operands.</param>
    /// <param name="status">MXCSR.</param>
    /// <param name="result">The results.</param>
    /// <returns>Whether they hold.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryOnHost<TOp>(Vector128<byte> a, Vector128<byte> b, in FloatStatus status, out Vector128<byte> result)
        where TOp : struct, IFloatOp
    {
        if (TOp.HasHost && status.AllowsHost && HostVector.IsUsed)
        {
            result = Count == 4
                ? TOp.OnHost(a.AsSingle(), b.AsSingle()).AsByte()
                : TOp.OnHost(a.AsDouble(), b.AsDouble()).AsByte();
            return ArePlainOperands(a) && ArePlainOperands(b) && ArePlainResults(result);
        }

        result = default;
        return false;
    }

    // Magnitudes from the lowest up to infinity, which is not among them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Between<T>(Vector128<byte> vector, T lowest)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<T> magnitude = vector.As<byte, T>() & Vector128.Create(T.CreateTruncating(FloatFormat<TFormat>.MagnitudeMask));
        T span = T.CreateTruncating(FloatFormat<TFormat>.Infinity) - lowest;
        return Vector128.LessThan(magnitude - Vector128.Create(lowest), Vector128.Create(span)).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> AreZero<T>(Vector128<byte> vector)
        where T : unmanaged, IBinaryInteger<T> =>
        Vector128.Equals(vector.As<byte, T>() & Vector128.Create(T.CreateTruncating(FloatFormat<TFormat>.MagnitudeMask)), Vector128<T>.Zero).AsByte();
}
