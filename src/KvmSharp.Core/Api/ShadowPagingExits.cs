namespace KvmSharp;

/// <summary>Exits that shadow paging would have caused, where nested paging needs none.</summary>
/// <param name="Cr3Loads">Loads of CR3, by MOV or a task switch: basic reason 28 (a task switch, 9).</param>
/// <param name="Invlpgs">INVLPG: basic reason 14.</param>
/// <param name="PageTableWrites">Guest writes to pages in use as page tables: write-protection faults, basic reason 0.</param>
/// <param name="ReflectedPageFaults">Page faults of the guest's own, which the hypervisor would see first and hand on: basic reason 0.</param>
/// <remarks>
/// A page is in use as a page table from the first walk through it until it has been written three times without a walk through it in
/// between. Not counted: faults that only fill the shadow table, for their number depends on the hypervisor's policy; and setting
/// Accessed and Dirty, which the hypervisor does while it handles a fault. Writes by other vCPUs are seen from their next block on.
/// </remarks>
public readonly record struct ShadowPagingExits(ulong Cr3Loads, ulong Invlpgs, ulong PageTableWrites, ulong ReflectedPageFaults)
{
    /// <summary>Gets the sum.</summary>
    public ulong Total => Cr3Loads + Invlpgs + PageTableWrites + ReflectedPageFaults;

    /// <summary>Gives the exits with one of Intel's numbers; CR3 loads by task switches count as 28 here.</summary>
    /// <param name="reason">The number.</param>
    /// <returns>The count, to be added to <see cref="VcpuStatistics.ExitsOf(BasicExitReason)"/> for the sum of a shadowing hypervisor.</returns>
    public ulong ExitsOf(BasicExitReason reason) => reason switch
    {
        BasicExitReason.ControlRegisterAccess => Cr3Loads,
        BasicExitReason.Invlpg => Invlpgs,
        BasicExitReason.ExceptionOrNmi => PageTableWrites + ReflectedPageFaults,
        _ => 0,
    };
}
