namespace KvmSharp.Memory;

/// <summary>The 4 KiB page: the unit of mapping, sharing, dirty logging and code tracking.</summary>
internal static class GuestPage
{
    public const int Shift = 12;
    public const int Size = 1 << Shift;
    public const int OffsetMask = Size - 1;

    /// <summary>Code is tracked in pieces of this many bytes: 64 to a page, one bit each.</summary>
    public const int GranuleShift = 6;

    /// <summary>Gives the bits of the granules that a range inside one page touches.</summary>
    /// <param name="offset">The first byte's offset in the page.</param>
    /// <param name="length">Bytes: at least 1, not beyond the page.</param>
    /// <returns>One bit for each granule.</returns>
    public static ulong GranulesOf(int offset, int length)
    {
        int first = offset >> GranuleShift;
        int last = (offset + length - 1) >> GranuleShift;
        ulong upToLast = last == 63 ? ulong.MaxValue : (1UL << (last + 1)) - 1;
        return upToLast & ~((1UL << first) - 1);
    }
}
