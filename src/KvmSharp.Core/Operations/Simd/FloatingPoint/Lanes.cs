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
    public static int Count
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector128<byte>.Count * 8 / FloatFormat<TFormat>.Bits;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Get(Vector128<byte> vector, int lane) =>
        Count == 4 ? vector.AsUInt32().GetElement(lane) : vector.AsUInt64().GetElement(lane);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> With(Vector128<byte> vector, int lane, ulong value) => Count == 4
        ? vector.AsUInt32().WithElement(lane, (uint)value).AsByte()
        : vector.AsUInt64().WithElement(lane, value).AsByte();

    /// <summary>Gives all ones for elements that are not denormal.</summary>
    /// <typeparam name="T">An unsigned integer as wide as an element, as below.</typeparam>
    /// <param name="vector">The vector.</param>
    /// <returns>The mask.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> AreNotDenormal<T>(Vector128<byte> vector)
        where T : unmanaged, IBinaryInteger<T>
    {
        Vector128<T> magnitude = Magnitude<T>(vector);
        return Vector128.GreaterThan(magnitude, Vector128.Create(T.CreateTruncating(FloatFormat<TFormat>.FractionMask))) | Vector128.Equals(magnitude, Vector128<T>.Zero);
    }

    /// <summary>Gives all ones for elements that <see cref="FloatFormat{TFormat}.IsPlainResult"/>.</summary>
    /// <typeparam name="T">The integer.</typeparam>
    /// <param name="vector">The vector.</param>
    /// <returns>The mask.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> ArePlainResults<T>(Vector128<byte> vector)
        where T : unmanaged, IBinaryInteger<T>
    {
        T lowest = T.CreateTruncating(FloatFormat<TFormat>.FractionMask + 2);
        T span = T.CreateTruncating(FloatFormat<TFormat>.Infinity) - lowest;
        return Vector128.LessThan(Magnitude<T>(vector) - Vector128.Create(lowest), Vector128.Create(span));
    }

    /// <summary>Gives all ones for elements that are zero.</summary>
    /// <typeparam name="T">The integer.</typeparam>
    /// <param name="vector">The vector.</param>
    /// <returns>The mask.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<T> AreZero<T>(Vector128<byte> vector)
        where T : unmanaged, IBinaryInteger<T> => Vector128.Equals(Magnitude<T>(vector), Vector128<T>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<T> Magnitude<T>(Vector128<byte> vector)
        where T : unmanaged, IBinaryInteger<T> =>
        vector.As<byte, T>() & Vector128.Create(T.CreateTruncating(FloatFormat<TFormat>.MagnitudeMask));
}
