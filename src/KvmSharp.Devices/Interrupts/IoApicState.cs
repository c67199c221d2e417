using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that an 82093AA remembers.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct IoApicState
{
    private IoApicEntries _entries;

    /// <summary>Gets or sets the redirection table, one entry for each pin.</summary>
    public IoApicEntries Entries
    {
        readonly get => _entries;
        set => _entries = value;
    }

    /// <summary>Gets or sets the identification register.</summary>
    public uint Identification { get; set; }

    /// <summary>Gets or sets the levels of the pins, pin 0 in bit 0.</summary>
    public uint Pins { get; set; }

    /// <summary>Gets or sets the number of the selected register.</summary>
    public byte Select { get; set; }

    internal readonly ulong Get(int pin) => _entries[pin];

    internal void Set(int pin, ulong entry) => _entries[pin] = entry;
}

/// <summary>The redirection table of an 82093AA.</summary>
[InlineArray(IoApic.PinCount)]
public struct IoApicEntries
{
    private ulong _first;
}
