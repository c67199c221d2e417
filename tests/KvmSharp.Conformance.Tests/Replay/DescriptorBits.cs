namespace KvmSharp.Conformance.Replay;

/// <summary>Lays out descriptors and gates as the processor reads them. Intel SDM Vol. 3A, "Segment Descriptors" and "IDT Descriptors".</summary>
internal static class DescriptorBits
{
    private const int PageShift = 12;

    /// <summary>Lays out a segment descriptor; of a 16-byte system descriptor the first half.</summary>
    /// <param name="segment">What the descriptor says.</param>
    /// <returns>Its 8 bytes.</returns>
    public static ulong Of(in SegmentRegister segment)
    {
        ulong limit = segment.Granularity ? segment.Limit >> PageShift : segment.Limit;
        ulong access = segment.Type | (segment.CodeOrData ? 0x10u : 0) | ((uint)segment.Dpl << 5) | (segment.Present ? 0x80u : 0);
        ulong flags = (segment.Available ? 1u : 0) | (segment.LongMode ? 2u : 0) | (segment.DefaultBig ? 4u : 0) | (segment.Granularity ? 8u : 0);
        return (limit & 0xFFFF)
            | ((segment.Base & 0xFF_FFFF) << 16)
            | (access << 40)
            | ((limit >> 16 & 0xF) << 48)
            | (flags << 52)
            | ((segment.Base >> 24 & 0xFF) << 56);
    }

    /// <summary>Lays out an interrupt gate; of a 16-byte gate the first half.</summary>
    /// <param name="selector">The handler's code segment.</param>
    /// <param name="offset">The handler.</param>
    /// <param name="dpl">The lowest privilege whose INT n may use it.</param>
    /// <returns>Its 8 bytes.</returns>
    public static ulong InterruptGate(ushort selector, ulong offset, int dpl) =>
        (offset & 0xFFFF) | ((ulong)selector << 16) | ((0x8Eul | ((uint)dpl << 5)) << 40) | ((offset >> 16 & 0xFFFF) << 48);
}
