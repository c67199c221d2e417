namespace KvmSharp.Segmentation;

/// <summary>A segment selector. Intel SDM Vol. 3A, "Segment Selectors".</summary>
/// <remarks>
/// <code>
/// 15        3   2   1 0
///  index      | TI | RPL
/// </code>
/// </remarks>
/// <param name="Value">The 16 bits as they stand in a register.</param>
internal readonly record struct Selector(ushort Value)
{
    private const int RplMask = 3;
    private const int TableIndicator = 4;
    private const int DescriptorBytesMask = 7;

    public int Rpl => Value & RplMask;

    public bool IsLocal => (Value & TableIndicator) != 0;

    /// <summary>Gets a value indicating whether this is one of the four null selectors: entry 0 of the GDT with any RPL.</summary>
    public bool IsNull => (Value & ~RplMask) == 0;

    /// <summary>Gets the distance of the descriptor from the start of its table in bytes.</summary>
    public uint Offset => (uint)(Value & ~DescriptorBytesMask);

    /// <summary>Gets the error code that names this selector: RPL gives way to the EXT and IDT bits, both 0 here.</summary>
    public uint ErrorCode => (uint)(Value & ~RplMask);

    /// <summary>Gives the same selector with another RPL.</summary>
    /// <param name="rpl">0 to 3.</param>
    /// <returns>The selector.</returns>
    public Selector WithRpl(int rpl) => new((ushort)((Value & ~RplMask) | rpl));
}
