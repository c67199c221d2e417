using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Operations.FloatingPoint;

/// <summary>One 80-bit extended value, as the processor holds it. Intel SDM Vol. 1, "Double Extended-Precision".</summary>
/// <remarks>
/// <code>
/// 79     78        64 63       62        0
/// | sign | exponent  | integer | fraction |
/// </code>
/// 16 bytes in memory here, so that registers are aligned; the guest sees 10.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
internal struct Float80 : IEquatable<Float80>
{
    public const ushort SignBit = 0x8000;
    public const ushort ExponentMask = 0x7FFF;

    /// <summary>The exponent of 1.0.</summary>
    public const int Bias = 0x3FFF;

    /// <summary>The exponent of infinities and NaNs.</summary>
    public const int SpecialExponent = 0x7FFF;

    /// <summary>The explicit integer bit.</summary>
    public const ulong IntegerBit = 1UL << 63;

    /// <summary>The bit of the fraction that tells quiet NaNs from signaling ones.</summary>
    public const ulong QuietBit = 1UL << 62;

    public ulong Significand;

    /// <summary>Sign in bit 15, biased exponent in bits 14 to 0.</summary>
    public ushort SignExponent;

    public Float80(ushort signExponent, ulong significand)
    {
        Significand = significand;
        SignExponent = signExponent;
    }

    public Float80(bool negative, int exponent, ulong significand)
        : this((ushort)(exponent | (negative ? SignBit : 0)), significand)
    {
    }

    /// <summary>Gets the QNaN floating-point indefinite: the masked answer to an invalid operation.</summary>
    public static Float80 Indefinite => new(0xFFFF, IntegerBit | QuietBit);

    public static Float80 One => new(Bias, IntegerBit);

    public readonly bool IsNegative => (SignExponent & SignBit) != 0;

    public readonly int Exponent => SignExponent & ExponentMask;

    /// <summary>Gets a value indicating whether this is a normal number: what the quick paths take.</summary>
    public readonly bool IsNormal
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (uint)((SignExponent & ExponentMask) - 1) < SpecialExponent - 1 && (long)Significand < 0;
    }

    /// <summary>Gets a value indicating whether this is zero, of either sign.</summary>
    public readonly bool IsZero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (SignExponent & ExponentMask) == 0 && Significand == 0;
    }

    /// <summary>Gets what kind of value this is.</summary>
    public readonly FloatClass Class => Exponent switch
    {
        0 => Significand == 0 ? FloatClass.Zero : FloatClass.Denormal,
        _ when (Significand & IntegerBit) == 0 => FloatClass.Unsupported,
        SpecialExponent when Significand == IntegerBit => FloatClass.Infinity,
        SpecialExponent => (Significand & QuietBit) != 0 ? FloatClass.QuietNaN : FloatClass.SignalingNaN,
        _ => FloatClass.Normal,
    };

    public static bool operator ==(Float80 a, Float80 b) => a.Equals(b);

    public static bool operator !=(Float80 a, Float80 b) => !a.Equals(b);

    public static Float80 Zero(bool negative) => new(negative, 0, 0);

    public static Float80 Infinity(bool negative) => new(negative, SpecialExponent, IntegerBit);

    public readonly Float80 Negated() => new((ushort)(SignExponent ^ SignBit), Significand);

    public readonly Float80 Absolute() => new((ushort)Exponent, Significand);

    /// <summary>Gives a NaN its quiet form; the rest of its payload stays.</summary>
    /// <returns>The quiet NaN.</returns>
    public readonly Float80 Quieted() => new(SignExponent, Significand | QuietBit);

    /// <summary>Compares bit patterns, not values: a NaN equals itself and the zeros differ.</summary>
    /// <param name="other">The other value.</param>
    /// <returns>Whether all 80 bits are the same.</returns>
    public readonly bool Equals(Float80 other) => Significand == other.Significand && SignExponent == other.SignExponent;

    public override readonly bool Equals(object? obj) => obj is Float80 other && Equals(other);

    public override readonly int GetHashCode() => HashCode.Combine(Significand, SignExponent);

    public override readonly string ToString() => $"{SignExponent:X4}:{Significand:X16}";
}

/// <summary>Kinds of 80-bit values. Intel SDM Vol. 1, "Unsupported Double Extended-Precision Floating-Point Encodings and Pseudo-Denormals".</summary>
internal enum FloatClass : byte
{
    Normal,
    Zero,

    /// <summary>Exponent 0 and a significand; also the pseudo-denormals, whose integer bit is 1.</summary>
    Denormal,
    Infinity,
    QuietNaN,
    SignalingNaN,

    /// <summary>Unnormals, pseudo-infinities, pseudo-NaNs: invalid as operands.</summary>
    Unsupported,
}
