namespace KvmSharp.Machines;

/// <summary>Remembers where accesses found no device, so that each port and each page is reported once.</summary>
/// <remarks>What it remembers is bounded: 65,536 ports, and at most 65,536 pages; later pages go unreported.</remarks>
internal sealed class UnmappedLog
{
    private const int LargestCount = 65_536;

    private readonly HashSet<ulong> _ports = [];
    private readonly HashSet<ulong> _pages = [];

    /// <summary>Notes an access; true when its port or page is new.</summary>
    public bool IsNew(in UnmappedAccess access) => access.Space == AccessSpace.Port
        ? _ports.Add(access.Address)
        : _pages.Count < LargestCount && _pages.Add(access.Address / PcLayout.PageBytes);
}
