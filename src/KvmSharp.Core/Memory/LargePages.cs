namespace KvmSharp.Memory;

/// <summary>Where pieces of large pages may be in the TLB: INVLPG there must forget every piece, which the TLB holds as pages of 4 KiB.</summary>
internal sealed class LargePages
{
    private const int RegionShift = 22; // holds a page of 2 or 4 MiB
    private const int GigabyteShift = 30;

    private readonly PageFilter _regions = new(RegionShift);
    private readonly PageFilter _gigabytes = new(GigabyteShift);
    private bool _any;

    /// <summary>Notes a translation.</summary>
    /// <param name="linear">An address in the page.</param>
    /// <param name="shift">The page's size as a power of two.</param>
    public void Add(ulong linear, int shift)
    {
        if (shift > GuestPage.Shift)
        {
            _any = true;
            (shift < GigabyteShift ? _regions : _gigabytes).Add(linear);
        }
    }

    /// <summary>Tells whether an address may lie in a large page of which pieces are held.</summary>
    public bool MayHold(ulong linear) => _any && (_regions.MayHold(linear) || _gigabytes.MayHold(linear));

    /// <summary>The TLB is empty.</summary>
    public void Clear()
    {
        if (_any)
        {
            _any = false;
            _regions.Clear();
            _gigabytes.Clear();
        }
    }
}
