namespace KvmSharp.Debugging;

/// <summary>The embedder's ranges of one vCPU, arranged for the questions that the engine asks before instructions and behind accesses.</summary>
internal sealed class WatchedRanges
{
    private readonly IReadOnlyList<WatchedRange> _all;
    private readonly HashSet<ulong> _code;
    private readonly HashSet<ulong> _codePages;
    private readonly ulong[] _sortedCode;
    private readonly WatchedRange[] _data;

    /// <param name="ranges">The ranges, checked.</param>
    public WatchedRanges(IReadOnlyList<WatchedRange> ranges)
    {
        _all = [.. ranges];
        _code = [.. ranges.Where(static r => r.Accesses == WatchedAccess.Execute).Select(static r => r.Address)];
        _sortedCode = [.. _code.Order()];
        _codePages = [.. _code.Select(PageOf)];
        _data = [.. ranges.Where(static r => r.Accesses != WatchedAccess.Execute)];
    }

    public static WatchedRanges None { get; } = new([]);

    public bool HasCode => _code.Count != 0;

    public bool HasData => _data.Length != 0;

    public bool Equals(IReadOnlyList<WatchedRange> ranges) => _all.SequenceEqual(ranges);

    public bool HasCodeAt(ulong linear) => HasCode && _code.Contains(linear);

    public bool HasCodeIn(ulong linear) => HasCode && _codePages.Contains(PageOf(linear));

    public bool HasCodeBehind(ulong linear, int length)
    {
        int place = Array.BinarySearch(_sortedCode, linear);
        int next = place < 0 ? ~place : place + 1;
        return next < _sortedCode.Length && _sortedCode[next] - linear < (ulong)length;
    }

    /// <summary>Tells whether accesses to a page must be seen.</summary>
    /// <param name="page">Its linear address.</param>
    /// <returns>Whether they must.</returns>
    public bool TouchData(ulong page)
    {
        foreach (ref readonly WatchedRange range in _data.AsSpan())
        {
            if (range.Touches(page, Memory.GuestPage.Size))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Finds the first range that looks for an access.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="write">Whether it stored.</param>
    /// <returns>The range, or null.</returns>
    public WatchedRange? FindData(ulong linear, int length, bool write)
    {
        WatchedAccess access = write ? WatchedAccess.Write : WatchedAccess.Read;
        foreach (ref readonly WatchedRange range in _data.AsSpan())
        {
            if ((range.Accesses & access) != 0 && range.Touches(linear, (ulong)length))
            {
                return range;
            }
        }

        return null;
    }

    private static ulong PageOf(ulong linear) => linear & ~(ulong)Memory.GuestPage.OffsetMask;
}
