using KvmSharp.Paging;

namespace KvmSharp.Tests.Paging;

/// <summary>Tables that map one page to itself, for the walker alone.</summary>
/// <typeparam name="TMode">The paging mode.</typeparam>
internal sealed class PageTablesOf<TMode> : IPageTables
    where TMode : struct, IPagingMode
{
    private const ulong Full = PageEntry.Present | PageEntry.Writable | PageEntry.User;
    private readonly Dictionary<ulong, ulong> _entries = [];

    /// <summary>Gives every right at every level, and one level some bits more.</summary>
    public static PageTablesOf<TMode> Make(int size, int level, ulong bits, ulong page) => Make(size, page, at => Full | (at == level ? bits : 0));

    /// <summary>Gives the rights at the last level only.</summary>
    public static PageTablesOf<TMode> MakeWithRights(int size, ulong rights, ulong page) =>
        Make(size, page, at => at == LastLevel(size) ? PageEntry.Present | rights : Full);

    public WalkResult Walk(in PagingRegisters registers, ulong linear, PageAccess access) =>
        PageWalker.Walk<TMode, PageTablesOf<TMode>>(this, registers, linear, access);

    public ulong ReadEntry(ulong physical, int bytes) => _entries.GetValueOrDefault(physical);

    public void SetBits(ulong physical, ulong bits, int bytes) => _entries[physical] |= bits;

    private static int LastLevel(int size) => 1 + ((size - 12) / TMode.IndexBits);

    private static PageTablesOf<TMode> Make(int size, ulong page, Func<int, ulong> entryBits)
    {
        var tables = new PageTablesOf<TMode>();
        for (int level = TMode.Levels; level >= LastLevel(size); level--)
        {
            int shift = 12 + (TMode.IndexBits * (level - 1));
            ulong index = (page >> shift) & ((1UL << TMode.IndexBits) - 1);
            bool last = level == LastLevel(size);
            ulong target = last ? page & ~((1UL << size) - 1) : TableOf(level - 1);
            ulong bits = TMode.HasRights(level) ? entryBits(level) : PageEntry.Present | (entryBits(level) & ~Full);
            tables._entries[TableOf(level) + (index * (ulong)TMode.EntryBytes)] = target | bits | (last && level > 1 ? PageEntry.Large : 0);
        }

        return tables;
    }

    private static ulong TableOf(int level) => level == TMode.Levels ? 0 : (ulong)level << 12;
}
