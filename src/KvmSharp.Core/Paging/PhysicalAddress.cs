namespace KvmSharp.Paging;

/// <summary>The width of guest-physical addresses: MAXPHYADDR, as CPUID leaf 80000008h reports it.</summary>
internal static class PhysicalAddress
{
    public const int Bits = 40;

    /// <summary>Address bits of an 8-byte entry that exist.</summary>
    public const ulong TableMask = ((1UL << Bits) - 1) & ~0xFFFUL;

    /// <summary>Address bits of an 8-byte entry, below the ignored bits 62 to 52, that do not exist and must be 0.</summary>
    public const ulong BeyondWidth = 0x000F_FFFF_FFFF_F000 & ~TableMask;

    /// <summary>One past the highest guest-physical address.</summary>
    public const ulong End = 1UL << Bits;
}
