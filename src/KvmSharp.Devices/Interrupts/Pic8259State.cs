using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that an 8259A remembers. Bit n of a byte stands for line IRn.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct Pic8259State
{
    /// <summary>Gets or sets the levels of the request lines.</summary>
    public byte Lines { get; set; }

    /// <summary>Gets or sets the edge-sense latches: lines that rose and were neither acknowledged nor fell again.</summary>
    public byte EdgeLatches { get; set; }

    /// <summary>Gets or sets the in-service register (ISR).</summary>
    public byte InService { get; set; }

    /// <summary>Gets or sets the interrupt mask register (IMR, OCW1).</summary>
    public byte Mask { get; set; }

    /// <summary>Gets or sets ICW1 as written.</summary>
    public byte Icw1 { get; set; }

    /// <summary>Gets or sets the upper five bits of the vectors (ICW2).</summary>
    public byte VectorBase { get; set; }

    /// <summary>Gets or sets ICW3: a master's lines with slaves, or a slave's identification.</summary>
    public byte Icw3 { get; set; }

    /// <summary>Gets or sets ICW4.</summary>
    public byte Icw4 { get; set; }

    /// <summary>Gets or sets the edge/level control register.</summary>
    public byte EdgeLevelControl { get; set; }

    /// <summary>Gets or sets the level with the lowest priority, 0 to 7; the next one up has the highest.</summary>
    public byte LowestPriority { get; set; }

    /// <summary>Gets or sets the initialization word that the next write to offset 1 is.</summary>
    public InitializationWord Next { get; set; }

    /// <summary>Gets or sets a value indicating whether an automatic EOI rotates the priorities.</summary>
    public bool RotateOnAutoEoi { get; set; }

    /// <summary>Gets or sets a value indicating whether special mask mode is on.</summary>
    public bool SpecialMask { get; set; }

    /// <summary>Gets or sets a value indicating whether the next read is a poll.</summary>
    public bool PollNext { get; set; }

    /// <summary>Gets or sets a value indicating whether offset 0 reads ISR rather than IRR.</summary>
    public bool ReadInService { get; set; }
}

/// <summary>Which initialization command word an 8259A waits for at offset 1.</summary>
public enum InitializationWord : byte
{
    /// <summary>None: a write is OCW1, the mask.</summary>
    None,

    /// <summary>ICW2, the vector base.</summary>
    Icw2,

    /// <summary>ICW3, the cascade.</summary>
    Icw3,

    /// <summary>ICW4, the modes.</summary>
    Icw4,
}

/// <summary>OCW2's bits R, SL and EOI.</summary>
internal enum EndOfInterruptCommand
{
    ClearRotateOnAutoEoi = 0,
    NonSpecific = 1,
    NoOperation = 2,
    Specific = 3,
    SetRotateOnAutoEoi = 4,
    RotateOnNonSpecific = 5,
    SetPriority = 6,
    RotateOnSpecific = 7,
}
