using System.Runtime.CompilerServices;

namespace KvmSharp.Instructions.Strings;

/// <summary>How string instructions address: a type parameter, so that the choice costs nothing at run time.</summary>
internal interface IIndexForm
{
    /// <summary>Gets a value indicating whether an index register is the linear address, without a segment.</summary>
    static abstract bool IsPlain { get; }

    /// <summary>Truncates a plain index to the address size; writing it clears what lies above.</summary>
    /// <param name="index">The index.</param>
    /// <returns>The truncated index.</returns>
    static abstract ulong Truncate(ulong index);
}

/// <summary>32-bit addresses through flat segments, outside 64-bit mode.</summary>
internal readonly struct FlatIndex : IIndexForm
{
    /// <inheritdoc/>
    public static bool IsPlain => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Truncate(ulong index) => (uint)index;
}

/// <summary>64-bit addresses in 64-bit mode, through segments without a base.</summary>
internal readonly struct LongIndex : IIndexForm
{
    /// <inheritdoc/>
    public static bool IsPlain => true;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Truncate(ulong index) => index;
}

/// <summary>All others: what <see cref="StringOperands"/> does by the micro-op.</summary>
internal readonly struct SegmentedIndex : IIndexForm
{
    /// <inheritdoc/>
    public static bool IsPlain => false;

    /// <inheritdoc/>
    public static ulong Truncate(ulong index) => index;
}
