using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>What follows from a format: masks, special values and the classes of numbers. Values are bit patterns in the low bits of a word.</summary>
/// <typeparam name="TFormat">The format.</typeparam>
internal static class FloatFormat<TFormat>
    where TFormat : struct, IFloatFormat
{
    /// <summary>Gets the width in bits: 32 or 64.</summary>
    public static int Bits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1 + TFormat.ExponentBits + TFormat.FractionBits;
    }

    public static int Bias
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1 << (TFormat.ExponentBits - 1)) - 1;
    }

    /// <summary>Gets the biased exponent of infinities and NaNs.</summary>
    public static int MaxExponent
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1 << TFormat.ExponentBits) - 1;
    }

    public static ulong SignBit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1UL << (Bits - 1);
    }

    public static ulong FractionMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (1UL << TFormat.FractionBits) - 1;
    }

    public static ulong Infinity
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (ulong)MaxExponent << TFormat.FractionBits;
    }

    public static ulong MaxFinite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Infinity - 1;
    }

    /// <summary>Gets the bit that tells a quiet NaN from a signalling one.</summary>
    public static ulong QuietBit
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 1UL << (TFormat.FractionBits - 1);
    }

    /// <summary>Gets the answer to a masked invalid operation: "QNaN floating-point indefinite".</summary>
    public static ulong Indefinite
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SignBit | Infinity | QuietBit;
    }

    public static ulong MagnitudeMask
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SignBit - 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNegative(ulong value) => (value & SignBit) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsNaN(ulong value) => (value & MagnitudeMask) > Infinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsSignalling(ulong value) => IsNaN(value) && (value & QuietBit) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsInfinity(ulong value) => (value & MagnitudeMask) == Infinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsZero(ulong value) => (value & MagnitudeMask) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsDenormal(ulong value) => (value & MagnitudeMask) - 1 < FractionMask;

    /// <summary>Tests for what host arithmetic may be given: a normal number or zero.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it is neither denormal, infinite nor NaN.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlainOperand(ulong value)
    {
        ulong smallest = FractionMask + 1;
        return (value & MagnitudeMask) - smallest < Infinity - smallest || IsZero(value);
    }

    /// <summary>Tests for a host result that tells of no exception but precision: finite, and above the smallest normal number.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it is. The smallest normal number may be a tiny result that was rounded up, and zero one that was rounded down.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsPlainResult(ulong value)
    {
        ulong next = FractionMask + 2;
        return (value & MagnitudeMask) - next < Infinity - next;
    }

    /// <summary>Gives a signed zero, or with another magnitude a signed infinity or whatever it is.</summary>
    /// <param name="negative">The sign.</param>
    /// <param name="magnitude">The rest.</param>
    /// <returns>The value.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Signed(bool negative, ulong magnitude) => negative ? magnitude | SignBit : magnitude;
}
