using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that one counter of an 8254 remembers: how bytes pass through its port, and its counting.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct PitCounterPortState
{
    /// <summary>Gets or sets the control word's RW bits: 1 least significant byte only, 2 most significant only, 3 both.</summary>
    public byte Access { get; set; }

    /// <summary>Gets or sets the first byte of a two-byte count.</summary>
    public byte FirstByte { get; set; }

    /// <summary>Gets or sets a value indicating whether the next byte written is the second of two.</summary>
    public bool WriteSecond { get; set; }

    /// <summary>Gets or sets a value indicating whether the next byte read is the second of two.</summary>
    public bool ReadSecond { get; set; }

    /// <summary>Gets or sets the latched count.</summary>
    public ushort CountLatch { get; set; }

    /// <summary>Gets or sets a value indicating whether <see cref="CountLatch"/> is to be read before the live count.</summary>
    public bool CountLatched { get; set; }

    /// <summary>Gets or sets the latched status byte.</summary>
    public byte StatusLatch { get; set; }

    /// <summary>Gets or sets a value indicating whether <see cref="StatusLatch"/> is to be read first.</summary>
    public bool StatusLatched { get; set; }

    /// <summary>Gets or sets the counting half.</summary>
    public PitCounterState Counter { get; set; }
}
