using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>What the counting half of an 8254's counter remembers. Ticks are those of the chip's CLK input since virtual time 0.</summary>
/// <remarks>The count itself is not kept: it follows from when it was loaded and how long it has run.</remarks>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct PitCounterState
{
    /// <summary>Gets or sets the mode, 0 to 5.</summary>
    public byte Mode { get; set; }

    /// <summary>Gets or sets a value indicating whether the count is four BCD digits.</summary>
    public bool Bcd { get; set; }

    /// <summary>Gets or sets the level of the GATE input.</summary>
    public bool Gate { get; set; }

    /// <summary>Gets or sets the count register (CR) as the guest wrote it.</summary>
    public ushort CountRegister { get; set; }

    /// <summary>Gets or sets a value indicating whether a whole count was written since the control word.</summary>
    public bool CountWritten { get; set; }

    /// <summary>Gets or sets a value indicating whether the control word or a count was written and the counting element not yet loaded.</summary>
    public bool NullCount { get; set; }

    /// <summary>Gets or sets a value indicating whether a count was loaded whose end OUT still shows.</summary>
    public bool Armed { get; set; }

    /// <summary>Gets or sets a value indicating whether the counting element counts down now.</summary>
    public bool Counting { get; set; }

    /// <summary>Gets or sets the count that was loaded into the counting element (CE): 1 to 65536, 0 before the first load.</summary>
    public int Loaded { get; set; }

    /// <summary>Gets or sets how many ticks the loaded count had run at <see cref="Origin"/>.</summary>
    public long ElapsedAtOrigin { get; set; }

    /// <summary>Gets or sets the tick from which the counting element has counted without a pause.</summary>
    public long Origin { get; set; }

    /// <summary>Gets or sets the tick at which CR goes to CE; -1 for none.</summary>
    public long LoadTick { get; set; }

    /// <summary>Gets or sets how far into its period the count that is loaded at <see cref="LoadTick"/> starts.</summary>
    public long LoadElapsed { get; set; }
}
