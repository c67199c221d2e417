using KvmSharp.Memory;

namespace KvmSharp.Engine;

/// <summary>Which blocks were decoded from which guest-physical page. A block that runs on into a second page is listed there too.</summary>
internal sealed unsafe class CodePages
{
    private readonly Dictionary<ulong, List<nint>> _pages = [];
    private readonly Stack<List<nint>> _spareLists = new();

    /// <summary>Gets the pages that have blocks.</summary>
    public IReadOnlyCollection<ulong> All => _pages.Keys;

    /// <summary>Finds the blocks of a page. The list changes as they are removed, and is no one's when the last is.</summary>
    /// <param name="page">The page's address.</param>
    /// <returns>Pointers to them, or null when there are none.</returns>
    public List<nint>? Find(ulong page) => _pages.GetValueOrDefault(page);

    /// <summary>Adds a block.</summary>
    /// <param name="block">The block.</param>
    public void Add(Block* block)
    {
        ListOf(PageOf(block)).Add((nint)block);
        if (HasOtherPage(block))
        {
            ListOf(block->SecondPage).Add((nint)block);
        }
    }

    /// <summary>Removes a block.</summary>
    /// <param name="block">The block.</param>
    public void Remove(Block* block)
    {
        RemoveFromPage(block, PageOf(block));
        if (HasOtherPage(block))
        {
            RemoveFromPage(block, block->SecondPage);
        }
    }

    /// <summary>Forgets all blocks.</summary>
    public void Clear()
    {
        foreach (List<nint> blocks in _pages.Values)
        {
            blocks.Clear();
            _spareLists.Push(blocks);
        }

        _pages.Clear();
    }

    private static ulong PageOf(Block* block) => block->PhysicalAddress & ~(ulong)GuestPage.OffsetMask;

    // Both linear pages of a straddling instruction may map the same physical one; the block is listed there once.
    private static bool HasOtherPage(Block* block) =>
        block->SecondPage != 0 && block->SecondPage != PageOf(block);

    private List<nint> ListOf(ulong page)
    {
        if (!_pages.TryGetValue(page, out List<nint>? blocks))
        {
            blocks = _spareLists.Count > 0 ? _spareLists.Pop() : [];
            _pages.Add(page, blocks);
        }

        return blocks;
    }

    private void RemoveFromPage(Block* block, ulong page)
    {
        List<nint> blocks = _pages[page];
        blocks.Remove((nint)block);
        if (blocks.Count == 0)
        {
            _pages.Remove(page);
            _spareLists.Push(blocks);
        }
    }
}
