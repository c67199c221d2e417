using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that the digital-to-analogue converter of a VGA remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VgaDacState
{
    private VgaPalette _palette;

    /// <summary>Gets or sets the mask that pixels pass before they choose a colour.</summary>
    public byte PixelMask { get; set; }

    /// <summary>Gets or sets the colour that the next write goes to.</summary>
    public byte WriteIndex { get; set; }

    /// <summary>Gets or sets the colour that the next read comes from.</summary>
    public byte ReadIndex { get; set; }

    /// <summary>Gets or sets the component that comes next: 0 red, 1 green, 2 blue.</summary>
    public byte Component { get; set; }

    /// <summary>Gets or sets a value indicating whether the address written last was the one for reading.</summary>
    public bool Reading { get; set; }

    /// <summary>Gets or sets the red that waits for its blue.</summary>
    public byte PendingRed { get; set; }

    /// <summary>Gets or sets the green that waits for its blue.</summary>
    public byte PendingGreen { get; set; }

    /// <summary>Gets or sets the colours.</summary>
    public VgaPalette Palette
    {
        readonly get => _palette;
        set => _palette = value;
    }

    /// <summary>Gets one component.</summary>
    internal readonly byte Get(int color, int component) => _palette[(VgaPalette.Components * color) + component];

    /// <summary>Sets one component.</summary>
    internal void Set(int color, int component, byte value) => _palette[(VgaPalette.Components * color) + component] = value;
}

/// <summary>256 colours, each red, green and blue: 6 bits, or 8 when an extension has switched the converter to 8.</summary>
[InlineArray(Length)]
public struct VgaPalette : IEquatable<VgaPalette>
{
    /// <summary>How many bytes a colour takes.</summary>
    public const int Components = 3;

    /// <summary>How many bytes there are.</summary>
    public const int Length = 256 * Components;

    private byte _first;

    /// <summary>Compares all bytes.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether all are equal.</returns>
    public static bool operator ==(in VgaPalette left, in VgaPalette right) => ((ReadOnlySpan<byte>)left).SequenceEqual(right);

    /// <summary>Compares all bytes.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether any differ.</returns>
    public static bool operator !=(in VgaPalette left, in VgaPalette right) => !(left == right);

    /// <inheritdoc/>
    public readonly bool Equals(VgaPalette other) => this == other;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is VgaPalette other && this == other;

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(this);
        return hash.ToHashCode();
    }
}
