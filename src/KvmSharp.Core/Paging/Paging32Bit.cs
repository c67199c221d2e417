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
/// PDE      31       22 21     12 11 9 8 7 6 5 4   3   2   1   0
/// (4 MiB)  | page     | reserved|avl|G|1|D|A|PCD|PWT|U/S|R/W|P|
/// PTE      | page address       |avl|G|0|D|A|PCD|PWT|U/S|R/W|P|
/// </code>
/// PSE-36 is not offered, so bits 21 to 12 of a 4 MiB entry are reserved.
/// </remarks>
internal readonly struct Paging32Bit : IPagingMode
{
    public static int Levels => 2;

    public static int IndexBits => 10;

    public static int EntryBytes => 4;

    public static ulong AddressMask => 0xFFFF_F000;

    public static bool MayBeLarge(int level, ulong cr4) => level == 2 && (cr4 & Cr4.PageSizeExtensions) != 0;

    public static ulong ReservedInLarge(int level) => 0x003F_F000;
}
