using KvmSharp.Memory;

namespace KvmSharp.Paging;

/// <summary>PAE paging: 32-bit linear addresses, 8-byte entries, 4 KiB and 2 MiB pages. Intel SDM Vol. 3A, "PAE Paging".</summary>
/// <remarks>
/// <code>
/// linear   31 30 29       21 20        12 11         0
///          | ptr | directory |   table    |  offset   |
///
/// PDPTE    63          M-1        12 11   9 8   5 4   3   2 1 0
///          |  reserved  | directory  | avl |  0  |PCD|PWT| 0 |P|
/// PDE/PTE  63 62    52  M-1       12 11 9 8  7  6 5 4   3   2   1   0
///          |XD|ignored| | address    |avl|G|PS|D|A|PCD|PWT|U/S|R/W|P|
/// </code>
/// The processor reads the four PDPTEs when CR3 is loaded and keeps them; here they are read on each walk, which a guest can
/// tell apart only by changing one without loading CR3.
/// </remarks>
internal readonly struct PagingPae : IPagingMode
{
    private const int PointerLevel = 3;
    private const ulong PointerReserved = 0x1E6;

    public static int Levels => 3;

    public static int IndexBits => 9;

    public static int EntryBytes => 8;

    public static ulong AddressMask => PhysicalAddress.TableMask;

    public static ulong RootMask => 0xFFFF_FFE0; // the pointer table is 32 bytes long and aligned to that

    public static bool HasExecuteDisable => true;

    public static bool MayBeLarge(int level, ulong cr4) => level == 2;

    public static bool HasRights(int level) => level != PointerLevel;

    public static ulong Reserved(int level, bool large) => PhysicalAddress.BeyondWidth | level switch
    {
        PointerLevel => PointerReserved | 0xFFF0_0000_0000_0000,
        2 when large => LargePage.Reserved(21),
        _ => 0x7FF0_0000_0000_0000, // bits 62 to 52 are reserved here, unlike in 4-level paging
    };

    public static ulong PageOf(ulong entry, int shift) => entry & AddressMask & ~((1UL << shift) - 1);
}

/// <summary>What large 8-byte entries have in common.</summary>
internal static class LargePage
{
    /// <summary>Gives the address bits below the page size that must be 0; bit 12 is PAT.</summary>
    /// <param name="shift">Log2 of the page size.</param>
    /// <returns>The bits.</returns>
    public static ulong Reserved(int shift) => ((1UL << shift) - 1) & ~((1UL << (GuestPage.Shift + 1)) - 1);
}
