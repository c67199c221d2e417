using System.Runtime.CompilerServices;

namespace KvmSharp.Memory;

/// <summary>Canonical addresses: bits 63 to 48 repeat bit 47. Intel SDM Vol. 1, "Canonical Addressing".</summary>
internal static class Canonical
{
    /// <summary>The linear address width of 4-level paging.</summary>
    public const int Bits = 48;

    /// <summary>Added to a canonical address it gives a number below <see cref="Size"/>, and to no other.</summary>
    public const ulong Bias = 1UL << (Bits - 1);

    /// <summary>How many canonical addresses there are.</summary>
    public const ulong Size = 1UL << Bits;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(ulong address) => address + Bias < Size;

    /// <summary>Tests a range: both ends must be canonical.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="size">Bytes, less than a page.</param>
    /// <returns>Whether they are.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Are(ulong address, int size) => address + Bias <= Size - (uint)size;
}
