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

    /// <summary>Gets the bits of an entry that hold the address of a table.</summary>
    static abstract ulong AddressMask { get; }

    /// <summary>Gets the bits of CR3 that hold the address of the first table.</summary>
    static abstract ulong RootMask { get; }

    /// <summary>Gives the guest-physical address of the page that an entry maps.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="shift">Log2 of the page size.</param>
    /// <returns>The page's first byte.</returns>
    static abstract ulong PageOf(ulong entry, int shift);

    /// <summary>Tells whether an entry at a level may map a large page. Level 1 is the page table.</summary>
    /// <param name="level">The level.</param>
    /// <param name="cr4">CR4.</param>
    /// <returns>Whether PS is looked at there.</returns>
    static abstract bool MayBeLarge(int level, ulong cr4);

    /// <summary>Gets a value indicating whether bit 63 of an entry forbids execution, when EFER.NXE is set.</summary>
    static abstract bool HasExecuteDisable { get; }

    /// <summary>Tells whether the entries of a level carry R/W, U/S and Accessed. Those of the PAE pointer table do not.</summary>
    /// <param name="level">The level.</param>
    /// <returns>Whether they do.</returns>
    static abstract bool HasRights(int level);

    /// <summary>Gives the bits that must be 0 in a present entry, execute-disable aside.</summary>
    /// <param name="level">The level.</param>
    /// <param name="large">Whether the entry maps a large page.</param>
    /// <returns>The reserved bits.</returns>
    static abstract ulong Reserved(int level, bool large);
}
