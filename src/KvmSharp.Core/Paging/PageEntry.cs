namespace KvmSharp.Paging;

/// <summary>Bits that page-table entries of every mode share. Intel SDM Vol. 3A, "Hierarchical Paging Structures".</summary>
internal static class PageEntry
{
    public const ulong Present = 1 << 0;
    public const ulong Writable = 1 << 1;
    public const ulong User = 1 << 2;
    public const ulong Accessed = 1 << 5;
    public const ulong Dirty = 1 << 6;
    public const ulong Large = 1 << 7;
    public const ulong Global = 1 << 8;
    public const ulong ExecuteDisable = 1UL << 63;
}

/// <summary>Bits of the page-fault error code. Intel SDM Vol. 3A, "Interrupt 14: Page-Fault Exception".</summary>
internal static class PageFaultError
{
    /// <summary>P: the page was there, the right was not.</summary>
    public const uint Present = 1 << 0;

    /// <summary>W/R: a write.</summary>
    public const uint Write = 1 << 1;

    /// <summary>U/S: an access with user rights.</summary>
    public const uint User = 1 << 2;

    /// <summary>RSVD: a reserved bit was set in an entry.</summary>
    public const uint Reserved = 1 << 3;

    /// <summary>I/D: an instruction fetch; told only with EFER.NXE or CR4.SMEP set.</summary>
    public const uint Fetch = 1 << 4;
}

/// <summary>What an access asks of the page tables.</summary>
[Flags]
internal enum PageAccess
{
    Read = 0,
    Write = 1,
    User = 2,
    Execute = 4,

    /// <summary>Accessed and Dirty stay as they are: somebody only looks (KVM_TRANSLATE).</summary>
    Quiet = 8,

    /// <summary>Made by the processor itself (tables, TSS): EFLAGS.AC does not open user pages to it.</summary>
    Implicit = 16,
}

/// <summary>The registers that a walk depends on.</summary>
internal readonly record struct PagingRegisters(ulong Cr0, ulong Cr3, ulong Cr4, ulong Efer, ulong Rflags);

/// <summary>Guest-physical memory as the walker needs it.</summary>
internal interface IPageTables
{
    /// <summary>Reads an entry.</summary>
    /// <param name="physical">Its guest-physical address.</param>
    /// <param name="bytes">4 or 8.</param>
    /// <returns>The entry; 0, so not present, when it lies outside RAM.</returns>
    ulong ReadEntry(ulong physical, int bytes);

    /// <summary>Sets bits in an entry with an atomic OR.</summary>
    /// <param name="physical">Its guest-physical address.</param>
    /// <param name="bits">The bits.</param>
    /// <param name="bytes">4 or 8.</param>
    void SetBits(ulong physical, ulong bits, int bytes);
}

/// <summary>One entry met by a walk.</summary>
/// <param name="Level">The table's level; 1 is the page table.</param>
/// <param name="EntryAddress">Guest-physical address of the entry.</param>
/// <param name="Entry">The entry.</param>
internal readonly record struct WalkStep(int Level, ulong EntryAddress, ulong Entry);

/// <summary>How a walk ended.</summary>
internal readonly record struct WalkResult
{
    public bool IsFault { get; private init; }

    /// <summary>Gets the page-fault error code of a fault.</summary>
    public uint ErrorCode { get; private init; }

    public ulong Physical { get; init; }

    /// <summary>Gets log2 of the page size.</summary>
    public int PageShift { get; init; }

    /// <summary>Gets the number of entries met.</summary>
    public int Steps { get; init; }

    /// <summary>Gets a value indicating whether a write with the same rights needs no other walk: allowed, and Dirty is set already.</summary>
    public bool MayWrite { get; init; }

    public bool IsGlobal { get; init; }

    public bool IsWritable { get; init; }

    public bool IsUser { get; init; }

    public static WalkResult Fault(uint error, int steps) => new() { IsFault = true, Steps = steps, ErrorCode = error };
}
