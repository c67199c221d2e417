using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that a VGA remembers, apart from its memory.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VgaState
{
    /// <summary>Gets or sets the miscellaneous output register.</summary>
    public byte MiscellaneousOutput { get; set; }

    /// <summary>Gets or sets the feature control register.</summary>
    public byte FeatureControl { get; set; }

    /// <summary>Gets or sets the sequencer.</summary>
    public VgaIndexedState Sequencer { get; set; }

    /// <summary>Gets or sets the CRT controller.</summary>
    public VgaIndexedState CrtController { get; set; }

    /// <summary>Gets or sets the graphics controller.</summary>
    public VgaIndexedState GraphicsController { get; set; }

    /// <summary>Gets or sets the attribute controller; bit 5 of its index gives the palette to the display.</summary>
    public VgaIndexedState AttributeController { get; set; }

    /// <summary>Gets or sets a value indicating whether the attribute controller takes the next byte as data.</summary>
    public bool AttributeDataNext { get; set; }

    /// <summary>Gets or sets the bytes of the four planes that the last read latched; plane 0 is the lowest byte.</summary>
    public uint Latches { get; set; }

    /// <summary>Gets or sets the digital-to-analogue converter.</summary>
    public VgaDacState Dac { get; set; }
}

/// <summary>One unit of a VGA whose registers are reached through an index register.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VgaIndexedState
{
    private VgaRegisterBytes _registers;

    /// <summary>Gets or sets the index register.</summary>
    public byte Index { get; set; }

    /// <summary>Gets or sets the registers.</summary>
    public VgaRegisterBytes Registers
    {
        readonly get => _registers;
        set => _registers = value;
    }

    /// <summary>Gets one register.</summary>
    /// <param name="register">Its index, 0 to 31.</param>
    /// <returns>The byte.</returns>
    public readonly byte this[int register] => _registers[register];

    /// <summary>Sets one register.</summary>
    internal void Set(int register, byte value) => _registers[register] = value;
}

/// <summary>The registers of one unit, by index; unused ones are zero.</summary>
[InlineArray(Length)]
public struct VgaRegisterBytes : IEquatable<VgaRegisterBytes>
{
    /// <summary>How many bytes there are.</summary>
    public const int Length = 32;

    private byte _first;

    /// <summary>Compares all bytes.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether all are equal.</returns>
    public static bool operator ==(in VgaRegisterBytes left, in VgaRegisterBytes right) => ((ReadOnlySpan<byte>)left).SequenceEqual(right);

    /// <summary>Compares all bytes.</summary>
    /// <param name="left">One side.</param>
    /// <param name="right">The other.</param>
    /// <returns>Whether any differ.</returns>
    public static bool operator !=(in VgaRegisterBytes left, in VgaRegisterBytes right) => !(left == right);

    /// <inheritdoc/>
    public readonly bool Equals(VgaRegisterBytes other) => this == other;

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is VgaRegisterBytes other && this == other;

    /// <inheritdoc/>
    public override readonly int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(this);
        return hash.ToHashCode();
    }
}
