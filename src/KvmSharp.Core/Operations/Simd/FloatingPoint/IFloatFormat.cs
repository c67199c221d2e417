using System.Runtime.CompilerServices;

namespace KvmSharp.Operations.Simd.FloatingPoint;

/// <summary>A binary floating-point format of SSE. Intel SDM Vol. 1, "Floating-Point Data Types".</summary>
internal interface IFloatFormat
{
    static abstract int FractionBits { get; }

    static abstract int ExponentBits { get; }
}

/// <summary>Single precision: 8 bits of exponent, 23 of fraction.</summary>
internal readonly struct Binary32 : IFloatFormat
{
    public static int FractionBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 23;
    }

    public static int ExponentBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 8;
    }
}

/// <summary>Double precision: 11 bits of exponent, 52 of fraction.</summary>
internal readonly struct Binary64 : IFloatFormat
{
    public static int FractionBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 52;
    }

    public static int ExponentBits
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => 11;
    }
}
