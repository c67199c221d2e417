using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that an 8237A remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Dma8237State
{
    /// <summary>Gets or sets the four channels.</summary>
    public Dma8237Channels Channels { get; set; }

    /// <summary>Gets or sets the command register.</summary>
    public byte Command { get; set; }

    /// <summary>Gets or sets the mask register: bit n keeps channel n from transferring.</summary>
    public byte Mask { get; set; }

    /// <summary>Gets or sets the software requests.</summary>
    public byte Requests { get; set; }

    /// <summary>Gets or sets the channels that have reached terminal count since the status was read.</summary>
    public byte TerminalCounts { get; set; }

    /// <summary>Gets or sets a value indicating whether the next byte of an address or count is the high one.</summary>
    public bool HighByteNext { get; set; }
}

/// <summary>The registers of one channel.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Dma8237ChannelState
{
    /// <summary>Gets or sets the address that was written.</summary>
    public ushort BaseAddress { get; set; }

    /// <summary>Gets or sets the count that was written: transfers less one.</summary>
    public ushort BaseCount { get; set; }

    /// <summary>Gets or sets the address of the next transfer.</summary>
    public ushort Address { get; set; }

    /// <summary>Gets or sets the transfers left, less one.</summary>
    public ushort Count { get; set; }

    /// <summary>Gets or sets the mode register.</summary>
    public byte Mode { get; set; }
}

/// <summary>The four channels of a chip.</summary>
[InlineArray(Dma8237.Channels)]
public struct Dma8237Channels
{
    private Dma8237ChannelState _first;
}
