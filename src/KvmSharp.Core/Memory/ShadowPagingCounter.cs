namespace KvmSharp.Memory;

/// <summary>Counts, for one vCPU, what would have left the guest if the hypervisor shadowed the guest's page tables.</summary>
/// <remarks>
/// Without nested paging the processor walks tables of the hypervisor's own, which must follow the guest's: so loads of CR3 and INVLPG
/// exit, page faults come to the hypervisor first, and the guest's tables are write-protected. Pages that a walk went through count as
/// tables until they have been written <see cref="WritesUntilDropped"/> times without another walk, as KVM gives up a shadow then.
/// </remarks>
internal sealed class ShadowPagingCounter
{
    /// <summary>Writes after which a page is taken for something else than a page table.</summary>
    public const int WritesUntilDropped = 3;

    private ulong _cr3Loads;
    private ulong _invlpgs;
    private ulong _tableWrites;
    private ulong _pageFaults;

    public ShadowPagingExits Exits => new(_cr3Loads, _invlpgs, _tableWrites, _pageFaults);

    public void CountCr3Load() => _cr3Loads++;

    public void CountInvlpg() => _invlpgs++;

    public void CountTableWrite() => _tableWrites++;

    public void CountPageFault() => _pageFaults++;
}
