namespace KvmSharp.Paging;

/// <summary>4-level paging: 48-bit linear addresses, 4 KiB, 2 MiB and 1 GiB pages. Intel SDM Vol. 3A, "4-Level Paging".</summary>
/// <remarks>
/// <code>
/// linear  63      48 47     39 38     30 29       21 20     12 11       0
///         |sign ext.|  PML4  | pointers| directory |  table  |  offset |
///
/// entry   63 62     52  M-1       12 11 9 8  7  6 5 4   3   2   1   0
///         |XD| ignored | | address  |avl|G|PS|D|A|PCD|PWT|U/S|R/W|P|
/// </code>
/// </remarks>
internal readonly struct Paging4Level : IPagingMode
{
    private const int Pml4Level = 4;

    public static int Levels => 4;

    public static int IndexBits => 9;

    public static int EntryBytes => 8;

    public static ulong AddressMask => PhysicalAddress.TableMask;

    public static ulong RootMask => PhysicalAddress.TableMask;

    public static bool HasExecuteDisable => true;

    public static bool MayBeLarge(int level, ulong cr4) => level is 2 or 3;

    public static bool HasRights(int level) => true;

    public static ulong Reserved(int level, bool large) => PhysicalAddress.BeyondWidth | level switch
    {
        Pml4Level => PageEntry.Large,
        3 when large => LargePage.Reserved(30),
        2 when large => LargePage.Reserved(21),
        _ => 0,
    };

    public static ulong PageOf(ulong entry, int shift) => entry & AddressMask & ~((1UL << shift) - 1);
}
