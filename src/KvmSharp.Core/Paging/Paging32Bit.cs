using KvmSharp.Cpu;

namespace KvmSharp.Paging;

/// <summary>32-bit paging: 4 KiB pages, and 4 MiB pages with CR4.PSE. Intel SDM Vol. 3A, "32-Bit Paging".</summary>
/// <remarks>
/// <code>
/// linear   31        22 21        12 11         0
///          | directory |   table    |  offset   |
///
/// PDE      31                 12 11 9 8 7 6 5 4   3   2   1   0
/// (table)  | page table address |avl|G|0|-|A|PCD|PWT|U/S|R/W|P|
/// PDE      31       22 21 20  13 12  11 9 8 7 6 5 4   3   2   1   0
/// (4 MiB)  | page     |0 |39..32|PAT|avl|G|1|D|A|PCD|PWT|U/S|R/W|P|
/// PTE      | page address       |avl|G|0|D|A|PCD|PWT|U/S|R/W|P|
/// </code>
/// Bits 20 to 13 of a 4 MiB entry are bits 39 to 32 of the page's address (PSE-36).
/// </remarks>
internal readonly struct Paging32Bit : IPagingMode
{
    private const int LargeShift = 22;

    public static int Levels => 2;

    public static int IndexBits => 10;

    public static int EntryBytes => 4;

    public static ulong AddressMask => 0xFFFF_F000;

    public static ulong RootMask => 0xFFFF_F000;

    public static bool MayBeLarge(int level, ulong cr4) => level == 2 && (cr4 & Cr4.PageSizeExtensions) != 0;

    public static bool HasExecuteDisable => false;

    public static bool HasRights(int level) => true;

    public static ulong Reserved(int level, bool large) => large ? 0x0020_0000UL : 0;

    public static ulong PageOf(ulong entry, int shift) =>
        shift == LargeShift ? LargePageOf(entry) : entry & AddressMask;

    /// <summary>PSE-36: bits 20 to 13 of a 4 MiB entry are bits 39 to 32 of the address.</summary>
    /// <param name="entry">A 4 MiB entry.</param>
    /// <returns>The page's guest-physical address.</returns>
    private static ulong LargePageOf(ulong entry) => (entry & 0xFFC0_0000) | ((entry & 0x001F_E000) << 19);
}
