using KvmSharp.Cpu;

namespace KvmSharp.Segmentation;

/// <summary>Segment registers where a selector is a paragraph number: real and virtual-8086 mode, and null selectors.</summary>
internal static class LegacySegments
{
    private const ushort KeptAttributes = SegmentCache.Big | SegmentCache.Granularity | SegmentCache.Available;
    private const ushort Virtual8086Attributes = SegmentCache.RealModeData | SegmentCache.DplMask;

    /// <summary>Gives the SS of 64-bit code that needs none: its null selector and its privilege are all it holds.</summary>
    /// <param name="selector">A null selector.</param>
    /// <param name="privilege">The CPL.</param>
    /// <returns>The register.</returns>
    public static SegmentCache NullStack(Selector selector, int privilege) => new()
    {
        Selector = selector.Value,
        Limit = uint.MaxValue,
        Attributes = (ushort)(SegmentCache.RealModeData | SegmentCache.Big | SegmentCache.Granularity | SegmentCache.UnusableBit
            | (privilege << SegmentCache.DplShift)),
    };

    /// <summary>Gives what a load in real mode makes of a segment register: limit and size stay, so that big real mode works.</summary>
    /// <param name="old">The register before.</param>
    /// <param name="selector">The value loaded.</param>
    /// <param name="code">Whether it is CS.</param>
    /// <returns>The register.</returns>
    public static SegmentCache RealMode(SegmentCache old, ushort selector, bool code)
    {
        old.LoadRealMode(selector);
        old.Attributes = (ushort)((old.Attributes & KeptAttributes) | (code ? SegmentCache.RealModeCode : SegmentCache.RealModeData));
        return old;
    }

    /// <summary>Gives a segment register in virtual-8086 mode: 64 KiB, writable (CS too), privilege 3.</summary>
    /// <param name="selector">The value loaded.</param>
    /// <returns>The register.</returns>
    public static SegmentCache Virtual8086(ushort selector) => new()
    {
        Base = (ulong)selector << 4,
        Limit = ushort.MaxValue,
        Selector = selector,
        Attributes = Virtual8086Attributes,
    };

    /// <summary>Gives a segment register with a null selector: accesses fault; the rest stays, for a later real-mode load keeps the limit.</summary>
    /// <remarks>The base becomes 0, which 64-bit code sees in FS and GS.</remarks>
    /// <param name="old">The register before.</param>
    /// <param name="selector">A null selector.</param>
    /// <returns>The register.</returns>
    public static SegmentCache Null(SegmentCache old, Selector selector)
    {
        old.Selector = selector.Value;
        old.Base = 0;
        old.Attributes |= SegmentCache.UnusableBit;
        return old;
    }
}
