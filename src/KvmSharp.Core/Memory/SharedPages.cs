namespace KvmSharp.Memory;

/// <summary>The pages of one slot as they were when its machine was forked. Nobody writes them any more, so that any number of machines can read them.</summary>
/// <remarks>
/// It holds on to the host memory in which the pages lie, which goes with the last slot that uses them. Forking a fork again makes another
/// table, over the pages that are still shared and those written since.
/// </remarks>
internal sealed unsafe class SharedPages
{
    private const int MostOwners = 16; // beyond it, pages that nobody sees any more would pile up

    private readonly nint[] _pages;
    private readonly HostMemory[] _owners;
    private int _users = 1;

    /// <summary>Takes over what a slot has.</summary>
    /// <param name="before">What it shared so far, or null.</param>
    /// <param name="bytes">Its own memory, which stays as it is from now on.</param>
    /// <param name="pages">How many pages there are.</param>
    /// <param name="isOwn">Tells of a page, by its number, whether it lies in <paramref name="bytes"/>.</param>
    public SharedPages(SharedPages? before, HostMemory bytes, ulong pages, Func<ulong, bool> isOwn)
    {
        _pages = new nint[pages];
        for (ulong page = 0; page < pages; page++)
        {
            _pages[page] = before is null || isOwn(page) ? (nint)(bytes.Pointer + (page << GuestPage.Shift)) : before._pages[page];
        }

        _owners = before is null ? [bytes] : [.. before._owners, bytes];
        if (_owners.Length > MostOwners)
        {
            _owners = [Gather()];
        }
        else
        {
            foreach (HostMemory owner in _owners)
            {
                bool added = false;
                owner.DangerousAddRef(ref added);
            }
        }
    }

    /// <summary>Lets go of what a forgotten machine has not.</summary>
    ~SharedPages()
    {
        if (_users > 0)
        {
            ReleaseOwners();
        }
    }

    /// <summary>Gets where a page lies.</summary>
    /// <param name="page">Its number in the slot.</param>
    /// <returns>Its first byte.</returns>
    public byte* PageAt(ulong page) => (byte*)_pages[page];

    /// <summary>One slot more uses the pages.</summary>
    /// <returns>The same pages.</returns>
    public SharedPages Share()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    /// <summary>One slot less uses them; the last one frees them.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            ReleaseOwners();
        }
    }

    // Copies all that is not zero to one place.
    private HostMemory Gather()
    {
        var all = new HostMemory((ulong)_pages.Length << GuestPage.Shift);
        for (int page = 0; page < _pages.Length; page++)
        {
            var from = new ReadOnlySpan<byte>((byte*)_pages[page], GuestPage.Size);
            byte* to = all.Pointer + ((long)page << GuestPage.Shift);
            if (from.ContainsAnyExcept((byte)0))
            {
                from.CopyTo(new Span<byte>(to, GuestPage.Size));
            }

            _pages[page] = (nint)to;
        }

        bool added = false;
        all.DangerousAddRef(ref added);
        all.Dispose(); // the reference just added is what keeps it
        return all;
    }

    private void ReleaseOwners()
    {
        foreach (HostMemory owner in _owners ?? [])
        {
            owner.DangerousRelease();
        }
    }
}
