using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Paging;

namespace KvmSharp.Memory;

/// <summary>The slow half of memory access for one vCPU: translates, fills the TLB, and reaches RAM or the devices.</summary>
internal sealed unsafe class Mmu : IPageTables
{
    private const int MaxLevels = 4;

    private readonly CpuContext* _cpu;
    private readonly GuestMemory _memory;
    private readonly DeviceAccess _devices;
    private readonly VirtualMachine _vm;
    private readonly VcpuEngine _engine;
    private readonly CodeTranslations _code = new();
    private bool _userPagesOpen;
    private bool _hasLargePages;

    public Mmu(VcpuEngine engine, VirtualMachine vm, DeviceAccess devices)
    {
        _engine = engine;
        _cpu = engine.Cpu;
        _vm = vm;
        _memory = vm.Memory;
        _devices = devices;
    }

    /// <summary>Gets the number of translations that the TLB did not have.</summary>
    public ulong Misses { get; private set; }

    private bool IsPaging => (_cpu->State.Cr0 & Cr0.Paging) != 0;

    public bool TryRead(ulong linear, int size, byte* destination, DataAccess access)
    {
        int first = WithinPage(linear, size);
        if (!TryTranslate(linear, access, out ulong physical))
        {
            return false;
        }

        if (first == size)
        {
            return TryRequireAligned(linear, size, access) && ReadPhysical(physical, size, destination);
        }

        return TryTranslate(NextPage(linear, first, access), access, out ulong second)
            && TryRequireAligned(linear, size, access)
            && ReadPhysical(physical, first, destination)
            && ReadPhysical(second, size - first, destination + first);
    }

    public bool TryWrite(ulong linear, int size, byte* source, DataAccess access)
    {
        int first = WithinPage(linear, size);
        if (!TryTranslate(linear, access, out ulong physical))
        {
            return false;
        }

        if (first == size)
        {
            return TryRequireAligned(linear, size, access) && WritePhysical(physical, size, source);
        }

        return TryTranslate(NextPage(linear, first, access), access, out ulong second)
            && TryRequireAligned(linear, size, access)
            && WritePhysical(physical, first, source)
            && WritePhysical(second, size - first, source + first);
    }

    /// <summary>Translates a range of at most a page without touching it.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="access">Kind and rights.</param>
    /// <returns>Whether the access will not page-fault.</returns>
    public bool TryProbe(ulong linear, int size, DataAccess access)
    {
        int first = WithinPage(linear, size);
        return TryTranslate(linear, access, out _)
            && (first == size || TryTranslate(NextPage(linear, first, access), access, out _));
    }

    /// <summary>Finds host memory for an atomic operation inside one page.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="access">Kind and rights.</param>
    /// <param name="host">The host address, or null when the page is not RAM for this access: use the slow path.</param>
    /// <param name="watched">The guest-physical address when code was decoded from the page: report it to <see cref="WrittenAtomically"/>. Else null.</param>
    /// <returns><see langword="false"/> when it faults.</returns>
    public bool TryGetHost(ulong linear, int size, DataAccess access, out byte* host, out ulong? watched)
    {
        host = null;
        watched = null;
        if (!TryTranslate(linear, access, out ulong physical) || !TryRequireAligned(linear, size, access))
        {
            return false;
        }

        SlotMemory? slot = _memory.Find(physical);
        if (slot is null)
        {
            return true;
        }

        if ((access & DataAccess.Write) != 0)
        {
            PageRecord* record = slot.RecordOf(physical);
            if (slot.IsReadOnly)
            {
                return true;
            }

            record->Dirty = 1;
            watched = record->IsWatched ? physical : null;
        }

        host = slot.PageOf(physical) + (physical & GuestPage.OffsetMask);
        return true;
    }

    /// <summary>Drops code decoded from bytes that an atomic operation has changed.</summary>
    /// <param name="physical">The guest-physical address.</param>
    /// <param name="size">Bytes.</param>
    public void WrittenAtomically(ulong physical, int size)
    {
        if (_memory.Find(physical) is { } slot)
        {
            CountIfTable(slot, physical);
            NotifyIfCode(slot, physical, size);
        }
    }

    /// <summary>Translates the address of code.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="physical">The guest-physical address.</param>
    /// <returns><see langword="false"/> when it raised #PF.</returns>
    public bool TryTranslateCode(ulong linear, out ulong physical)
    {
        if (_code.TryFind(linear, _cpu->Cpl == 3, out physical))
        {
            return true;
        }

        physical = linear;
        if (IsPaging)
        {
            PageAccess access = PageAccess.Execute | (_cpu->Cpl == 3 ? PageAccess.User : PageAccess.Read);
            WalkResult walk = Walk(linear, access);
            if (walk.IsFault)
            {
                return Faults.PageFault(_cpu, linear, walk.ErrorCode);
            }

            physical = walk.Physical;
        }

        physical &= _vm.AddressMask;
        _code.Add(linear, _cpu->Cpl == 3, physical);
        return true;
    }

    /// <summary>Walks the tables for KVM_TRANSLATE: nothing is marked, nothing raised.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">The access to judge.</param>
    /// <param name="steps">Receives the entries met.</param>
    /// <returns>The walk.</returns>
    public WalkResult Look(ulong linear, PageAccess access, Span<WalkStep> steps) => IsPaging
        ? Walk(linear, access | PageAccess.Quiet, steps)
        : new WalkResult { Physical = linear & _vm.AddressMask, PageShift = GuestPage.Shift, IsWritable = true, IsUser = true };

    /// <summary>Forgets translations, data and code.</summary>
    /// <param name="keepGlobal">Whether global pages stay.</param>
    public void Flush(bool keepGlobal)
    {
        Tlb.Flush(_cpu->SupervisorTlb, keepGlobal);
        Tlb.Flush(_cpu->UserTlb, keepGlobal);
        _hasLargePages &= keepGlobal;
        _code.Flush();
        _engine.Code.ForgetTargets();
    }

    /// <summary>Forgets the page of a linear address: of a large page every piece, for the TLB holds small ones only.</summary>
    /// <param name="linear">Any address in the page.</param>
    public void FlushPage(ulong linear)
    {
        if (_hasLargePages)
        {
            Flush(keepGlobal: false);
            return;
        }

        Tlb.FlushPage(_cpu->SupervisorTlb, linear);
        Tlb.FlushPage(_cpu->UserTlb, linear);
        _code.Flush();
        _engine.Code.ForgetTargets();
    }

    /// <summary>Makes writes look again: to one page that now holds code, or to all when dirty bits were taken.</summary>
    /// <param name="physicalPage">The page, or null for all.</param>
    public void ForbidWrites(ulong? physicalPage)
    {
        Tlb.ForbidWrites(_cpu->SupervisorTlb, physicalPage);
        Tlb.ForbidWrites(_cpu->UserTlb, physicalPage);
    }

    /// <summary>EFLAGS.AC, or the privilege, has changed: with SMAP, user pages that were open to the supervisor are closed.</summary>
    public void AccessControlChanged()
    {
        if (_userPagesOpen && (_cpu->State.Rflags & Rflags.AlignmentCheck) == 0)
        {
            _userPagesOpen = false;
            Tlb.Flush(_cpu->SupervisorTlb, keepGlobal: false);
        }
    }

    /// <inheritdoc/>
    public ulong ReadEntry(ulong physical, int bytes)
    {
        physical &= _vm.AddressMask;
        SlotMemory? slot = _memory.Find(physical);
        if (slot is null)
        {
            return 0;
        }

        byte* place = slot.PageOf(physical) + (physical & GuestPage.OffsetMask);
        return bytes == sizeof(uint) ? Volatile.Read(ref *(uint*)place) : Volatile.Read(ref *(ulong*)place);
    }

    /// <inheritdoc/>
    public void SetBits(ulong physical, ulong bits, int bytes)
    {
        physical &= _vm.AddressMask;
        SlotMemory? slot = _memory.Find(physical);
        if (slot is null || slot.IsReadOnly)
        {
            return;
        }

        // Accessed and Dirty lie in the low half of an entry of either size.
        Interlocked.Or(ref *(uint*)(slot.PageOf(physical) + (physical & GuestPage.OffsetMask)), (uint)bits);
        slot.RecordOf(physical)->Dirty = 1;
        NotifyIfCode(slot, physical, bytes);
    }

    // Intel SDM Vol. 3A, "Interrupt 17: Alignment Check Exception": behind the page fault, and not for the processor's own accesses.
    // Larger operands have rules of their own; the manual leaves it open whether unaligned 16-byte moves are checked.
    private bool TryRequireAligned(ulong linear, int size, DataAccess access) =>
        _cpu->ChecksAlignment == 0
        || (access & DataAccess.System) != 0
        || size > sizeof(ulong)
        || (linear & (uint)(size - 1)) == 0
        || Faults.Raise(_cpu, Vector.AlignmentCheck, 0);

    // The address space of the access: in compatibility mode the tables may lie above the program's 4 GiB.
    private ulong NextPage(ulong linear, int first, DataAccess access) =>
        (linear + (uint)first) & ((access & DataAccess.System) != 0 ? _cpu->SystemMask : _cpu->LinearMask);

    private static int WithinPage(ulong linear, int size) => Math.Min(size, GuestPage.Size - (int)(linear & GuestPage.OffsetMask));

    private static void Copy(byte* from, byte* to, int size)
    {
        // One host access per guest access of a natural width: the guest relies on it being indivisible.
        switch (size)
        {
            case 1:
                *to = *from;
                break;
            case 2:
                *(ushort*)to = *(ushort*)from;
                break;
            case 4:
                *(uint*)to = *(uint*)from;
                break;
            case 8:
                *(ulong*)to = *(ulong*)from;
                break;
            default:
                new ReadOnlySpan<byte>(from, size).CopyTo(new Span<byte>(to, size));
                break;
        }
    }

    private WalkResult Walk(ulong linear, PageAccess access, Span<WalkStep> steps = default)
    {
        if (_engine.ShadowPaging is null || (access & PageAccess.Quiet) != 0)
        {
            return WalkTables(linear, access, steps);
        }

        Span<WalkStep> met = stackalloc WalkStep[MaxLevels];
        WalkResult walk = WalkTables(linear, access, met);
        foreach (WalkStep step in met[..walk.Steps])
        {
            NoteTable(step.EntryAddress & _vm.AddressMask);
        }

        return walk;
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
            _vm.WatchPageTable(physical & ~(ulong)GuestPage.OffsetMask, _engine);
        }
    }

    private WalkResult WalkTables(ulong linear, PageAccess access, Span<WalkStep> steps)
    {
        ref CpuState state = ref _cpu->State;
        var registers = new PagingRegisters(state.Cr0, state.Cr3, state.Cr4, state.Msrs.Efer, state.Rflags);
        if ((state.Msrs.Efer & Efer.LongModeActive) != 0)
        {
            return PageWalker.Walk<Paging4Level>(this, registers, linear, access, steps);
        }

        return (state.Cr4 & Cr4.PhysicalAddressExtension) != 0
            ? PageWalker.Walk<PagingPae>(this, registers, linear, access, steps)
            : PageWalker.Walk<Paging32Bit>(this, registers, linear, access, steps);
    }

    private bool TryTranslate(ulong linear, DataAccess access, out ulong physical)
    {
        bool user = _cpu->Cpl == 3 && (access & DataAccess.System) == 0;
        bool write = (access & DataAccess.Write) != 0;
        Misses++;
        bool mayWrite = true;
        bool global = false;
        bool mayKeep = true;
        physical = linear;
        if (IsPaging)
        {
            PageAccess asked = (user ? PageAccess.User : PageAccess.Read)
                | (write ? PageAccess.Write : PageAccess.Read)
                | ((access & DataAccess.System) != 0 ? PageAccess.Implicit : PageAccess.Read);
            WalkResult walk = Walk(linear, asked);
            if (walk.IsFault)
            {
                return Faults.PageFault(_cpu, linear, walk.ErrorCode);
            }

            physical = walk.Physical;
            mayWrite = walk.MayWrite;
            global = walk.IsGlobal;

            // With SMAP a supervisor's right to a user page comes and goes with EFLAGS.AC: see AccessControlChanged.
            if (!user && walk.IsUser && (_cpu->State.Cr4 & Cr4.SupervisorAccessPrevention) != 0)
            {
                _userPagesOpen = true;
                mayKeep = (access & DataAccess.System) == 0;
            }
            _hasLargePages |= walk.PageShift > GuestPage.Shift;
        }

        physical &= _vm.AddressMask;
        if (!mayKeep)
        {
            return true;
        }

        Fill(user ? _cpu->UserTlb : _cpu->SupervisorTlb, linear, physical, mayWrite, global);
        return true;
    }

    private void Fill(TlbEntry* table, ulong linear, ulong physical, bool mayWrite, bool global)
    {
        SlotMemory? slot = _memory.Find(physical);
        if (slot is null)
        {
            return;
        }

        ulong page = linear & ~(ulong)GuestPage.OffsetMask;
        if (_engine.Breakpoints.HasData && _engine.Breakpoints.WatchesPage(page))
        {
            return;
        }

        PageRecord* record = slot.RecordOf(physical);
        bool plain = !slot.IsReadOnly && !record->IsWatched && (!slot.LogsDirtyPages || record->Dirty != 0);
        TlbEntry* entry = Tlb.EntryOf(table, linear);
        entry->ReadTag = page;
        entry->WriteTag = mayWrite && plain ? page : Tlb.Never;
        entry->Addend = (ulong)slot.PageOf(physical) - page;
        entry->Physical = (physical & ~(ulong)GuestPage.OffsetMask) | (global ? Tlb.GlobalBit : 0);
    }

    private bool ReadPhysical(ulong physical, int size, byte* destination)
    {
        SlotMemory? slot = _memory.Find(physical);
        if (slot is not null)
        {
            Copy(slot.PageOf(physical) + (physical & GuestPage.OffsetMask), destination, size);
            return true;
        }

        for (int done = 0; done < size; done += sizeof(ulong))
        {
            int part = Math.Min(sizeof(ulong), size - done);
            if (!_devices.TryMmio(ExitDirection.Read, physical + (uint)done, new Span<byte>(destination + done, part)))
            {
                return false;
            }
        }

        return true;
    }

    private bool WritePhysical(ulong physical, int size, byte* source)
    {
        SlotMemory? slot = _memory.Find(physical);
        if (slot is { IsReadOnly: false })
        {
            slot.RecordOf(physical)->Dirty = 1;
            CountIfTable(slot, physical);
            Copy(source, slot.PageOf(physical) + (physical & GuestPage.OffsetMask), size);
            NotifyIfCode(slot, physical, size);
            return true;
        }

        for (int done = 0; done < size; done += sizeof(ulong))
        {
            int part = Math.Min(sizeof(ulong), size - done);
            if (!_devices.TryMmio(ExitDirection.Write, physical + (uint)done, new Span<byte>(source + done, part)))
            {
                return false;
            }
        }

        return true;
    }

    private void CountIfTable(SlotMemory slot, ulong physical)
    {
        PageRecord* record = slot.RecordOf(physical);
        if (record->TableWritesLeft != 0)
        {
            record->TableWritesLeft--;
            _engine.ShadowPaging?.CountTableWrite();
        }
    }

    private void NotifyIfCode(SlotMemory slot, ulong physical, int size)
    {
        // The bytes are stored first and the bits read behind a fence: a vCPU that decodes meanwhile sets its bit first and reads
        // the bytes behind a fence, so that at least one of the two notices the other.
        Interlocked.MemoryBarrier();
        if (slot.RecordOf(physical)->CodeGranules != 0)
        {
            _vm.CodeWritten(physical, size, _engine);
        }
    }
}
