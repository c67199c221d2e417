namespace KvmSharp.Paging;

/// <summary>The numbers of one paging mode; the walk itself is one loop for all modes.</summary>
internal interface IPagingMode
{
    /// <summary>Gets the number of tables from CR3 to the page.</summary>
    static abstract int Levels { get; }

    /// <summary>Gets the bits of the linear address that index one table.</summary>
    static abstract int IndexBits { get; }

    /// <summary>Gets the bytes of one entry: 4 or 8.</summary>
    static abstract int EntryBytes { get; }

    /// <summary>Gets the bits of an entry, and of CR3, that hold an address.</summary>
    static abstract ulong AddressMask { get; }

    /// <summary>Tells whether an entry at a level may map a large page. Level 1 is the page table.</summary>
    /// <param name="level">The level.</param>
    /// <param name="cr4">CR4.</param>
    /// <returns>Whether PS is looked at there.</returns>
    static abstract bool MayBeLarge(int level, ulong cr4);

    /// <summary>Gives the bits that must be 0 in a large-page entry.</summary>
    /// <param name="level">The level.</param>
    /// <returns>The reserved bits.</returns>
    static abstract ulong ReservedInLarge(int level);
}
