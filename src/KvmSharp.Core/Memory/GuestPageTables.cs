using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Paging;

namespace KvmSharp.Memory;

/// <summary>The guest's page tables as one vCPU walks them, in the form that its control registers choose.</summary>
internal sealed unsafe class GuestPageTables(VcpuEngine engine, VirtualMachine vm, PhysicalAccess physicalAccess)
{
    private const int MaxLevels = 4;

    private readonly CpuContext* _cpu = engine.Cpu;
    private readonly GuestMemory _memory = vm.Memory;

    /// <summary>Walks the tables; tables met are watched when the exits of shadow paging are counted.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">The access to judge.</param>
    /// <param name="steps">Receives the entries met.</param>
    /// <returns>The walk.</returns>
    public WalkResult Walk(ulong linear, PageAccess access, Span<WalkStep> steps = default)
    {
        if (engine.ShadowPaging is null || (access & PageAccess.Quiet) != 0)
        {
            return WalkTables(linear, access, steps);
        }

        Span<WalkStep> met = stackalloc WalkStep[MaxLevels];
        WalkResult walk = WalkTables(linear, access, met);
        foreach (WalkStep step in met[..walk.Steps])
        {
            NoteTable(step.EntryAddress & vm.AddressMask);
        }

        return walk;
    }

    /// <summary>Reads an entry.</summary>
    /// <param name="physical">Its guest-physical address.</param>
    /// <param name="bytes">4 or 8.</param>
    /// <returns>The entry; 0, so not present, when it lies outside RAM.</returns>
    public ulong ReadEntry(ulong physical, int bytes)
    {
        physical &= vm.AddressMask;
        SlotMemory? slot = _memory.Find(physical);
        if (slot is null)
        {
            return 0;
        }

        byte* place = slot.PageOf(physical) + (physical & GuestPage.OffsetMask);
        return bytes == sizeof(uint) ? Volatile.Read(ref *(uint*)place) : Volatile.Read(ref *(ulong*)place);
    }

    private void NoteTable(ulong physical)
    {
        if (_memory.Find(physical) is not { } slot)
        {
            return;
        }

        PageRecord* record = slot.RecordOf(physical);
        bool known = record->TableWritesLeft != 0;
        record->TableWritesLeft = ShadowPagingCounter.WritesUntilDropped;
        if (!known)
        {
            vm.WatchPageTable(physical & ~(ulong)GuestPage.OffsetMask, engine);
        }
    }

    private WalkResult WalkTables(ulong linear, PageAccess access, Span<WalkStep> steps)
    {
        ref CpuState state = ref _cpu->State;
        var registers = new PagingRegisters(state.Cr0, state.Cr3, state.Cr4, state.Msrs.Efer, state.Rflags);
        if ((state.Msrs.Efer & Efer.LongModeActive) != 0)
        {
            return PageWalker.Walk<Paging4Level, Entries>(new Entries(this), registers, linear, access, steps);
        }

        return (state.Cr4 & Cr4.PhysicalAddressExtension) != 0
            ? PageWalker.Walk<PagingPae, Entries>(new Entries(this), registers, linear, access, steps)
            : PageWalker.Walk<Paging32Bit, Entries>(new Entries(this), registers, linear, access, steps);
    }

    private void SetBits(ulong physical, ulong bits, int bytes)
    {
        physical &= vm.AddressMask;
        SlotMemory? slot = _memory.Find(physical);
        if (slot is null || slot.IsReadOnly)
        {
            return;
        }

        physicalAccess.PrepareWrite(physical);

        // Accessed and Dirty lie in the low half of an entry of either size.
        Interlocked.Or(ref *(uint*)(slot.PageOf(physical) + (physical & GuestPage.OffsetMask)), (uint)bits);
        slot.RecordOf(physical)->Dirty = 1;
        physicalAccess.NotifyIfCode(slot, physical, bytes);
    }

    private readonly struct Entries(GuestPageTables tables) : IPageTables
    {
        public ulong ReadEntry(ulong physical, int bytes) => tables.ReadEntry(physical, bytes);

        public void SetBits(ulong physical, ulong bits, int bytes) => tables.SetBits(physical, bits, bytes);
    }
}
