using KvmSharp.Cpu;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>The segments that SYSENTER, SYSCALL and their returns make up without reading a descriptor: base 0, limit FFFFFFFFh.</summary>
internal static class FlatSegments
{
    private const ushort DataAttributes = SegmentCache.RealModeData | SegmentCache.Big | SegmentCache.Granularity;
    private const ushort CodeAttributes = SegmentCache.RealModeCode | SegmentCache.Granularity;

    /// <summary>Makes a stack segment.</summary>
    /// <param name="selector">Its selector; RPL becomes the privilege.</param>
    /// <param name="privilege">0 or 3.</param>
    /// <returns>The register.</returns>
    public static SegmentCache Data(int selector, int privilege) => Make(selector, privilege, DataAttributes);

    /// <summary>Makes a code segment.</summary>
    /// <param name="selector">Its selector; RPL becomes the privilege.</param>
    /// <param name="privilege">0 or 3.</param>
    /// <param name="isLong">Whether it is 64-bit code (L set), else 32-bit code (D set).</param>
    /// <returns>The register.</returns>
    public static SegmentCache Code(int selector, int privilege, bool isLong) =>
        Make(selector, privilege, (ushort)(CodeAttributes | (isLong ? SegmentCache.Long : SegmentCache.Big)));

    private static SegmentCache Make(int selector, int privilege, ushort attributes) => new()
    {
        Limit = uint.MaxValue,
        Selector = new Selector((ushort)selector).WithRpl(privilege).Value,
        Attributes = (ushort)(attributes | (privilege << SegmentCache.DplShift)),
    };
}
