using System.Runtime.CompilerServices;

namespace KvmSharp.Devices;

/// <summary>The page registers of a PC/AT (a 74LS612): the address bits above the 16 that an 8237A counts.</summary>
/// <remarks>Offset n is port 80h + n. Offset 0 is the diagnostic port's, and belongs to its own device; the ones without a channel are memory.</remarks>
public sealed class DmaPageRegisters() : BytePortDevice(DmaPages.Length), IStateful<DmaPages>
{
    private readonly byte[] _pages = new byte[DmaPages.Length];

    /// <inheritdoc/>
    public DmaPages Save()
    {
        var state = default(DmaPages);
        _pages.CopyTo((Span<byte>)state);
        return state;
    }

    /// <inheritdoc/>
    public void Load(in DmaPages state)
    {
        DmaPages copy = state;
        ((ReadOnlySpan<byte>)copy).CopyTo(_pages);
    }

    /// <inheritdoc/>
    public void Reset() => Array.Clear(_pages);

    /// <summary>Gets a channel's page.</summary>
    /// <param name="channel">0 to 7, 4 to 7 on the second chip.</param>
    internal byte Page(int channel)
    {
        ReadOnlySpan<byte> places = [0x7, 0x3, 0x1, 0x2, 0xF, 0xB, 0x9, 0xA]; // the order in which the board is laid out
        return _pages[places[channel]];
    }

    /// <inheritdoc/>
    protected override byte ReadByte(int port) => _pages[port];

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value) => _pages[port] = value;
}

/// <summary>The contents of the page registers.</summary>
[InlineArray(Length)]
public struct DmaPages
{
    /// <summary>How many there are.</summary>
    public const int Length = 16;

    private byte _first;
}
