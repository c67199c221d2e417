using System.Runtime.CompilerServices;

namespace KvmSharp.Devices;

/// <summary>The 128 bytes of an RTC with its battery-backed RAM, as a value.</summary>
[InlineArray(Length)]
public struct CmosBytes : IEquatable<CmosBytes>
{
    /// <summary>How many bytes there are.</summary>
    public const int Length = 128;

    private byte _first;

    /// <summary>Compares all bytes.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether all are equal.</returns>
    public static bool operator ==(in CmosBytes left, in CmosBytes right) => ((ReadOnlySpan<byte>)left).SequenceEqual(right);

    /// <summary>Compares all bytes.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether any differ.</returns>
    public static bool operator !=(in CmosBytes left, in CmosBytes right) => !(left == right);

    /// <inheritdoc/>
    public readonly bool Equals(CmosBytes other) => this == other;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is CmosBytes other && this == other;

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(this);
        return hash.ToHashCode();
    }
}
