using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Paging;

namespace KvmSharp.Memory;

/// <summary>The slow half of memory access for one vCPU: translates, fills the TLB, and reaches RAM or the devices.</summary>
internal sealed unsafe class Mmu
{
    private readonly CpuContext* _cpu;
    private readonly VirtualMachine _vm;
    private readonly VcpuEngine _engine;
    private readonly CodeTranslations _code = new();
    private readonly LargePages _largePages = new();
    private bool _openTlbInUse;

    public Mmu(VcpuEngine engine, VirtualMachine vm, DeviceAccess devices)
    {
        _engine = engine;
        _cpu = engine.Cpu;
        _vm = vm;
        Physical = new PhysicalAccess(engine, vm, devices);
        PageTables = new GuestPageTables(engine, vm, Physical);
    }

    /// <summary>Gets the number of translations that the TLB did not have.</summary>
    public ulong Misses { get; private set; }

    /// <summary>Gets what reaches memory by guest-physical address.</summary>
    public PhysicalAccess Physical { get; }

    /// <summary>Gets the guest's page tables.</summary>
    public GuestPageTables PageTables { get; }

    private bool IsPaging => (_cpu->State.Cr0 & Cr0.Paging) != 0;

    public bool TryRead(ulong linear, int size, byte* destination, DataAccess access)
    {
        int first = WithinPage(linear, size);
        if (!TryTranslate(linear, access, out ulong physical, out byte* host))
        {
            return false;
        }

        if (first == size)
        {
            if (!TryRequireAligned(linear, size, access))
            {
                return false;
            }

            if (host is null)
            {
                return Physical.TryRead(physical, size, destination) && Note(ExitDirection.Read, physical, size, destination);
            }

            PhysicalAccess.Copy(host, destination, size);
            return true;
        }

        return TryTranslate(NextPage(linear, first, access), access, out ulong second, out _)
            && TryRequireAligned(linear, size, access)
            && Physical.TryRead(physical, first, destination)
            && Physical.TryRead(second, size - first, destination + first)
            && Note(ExitDirection.Read, physical, first, destination)
            && Note(ExitDirection.Read, second, size - first, destination + first);
    }

    public bool TryWrite(ulong linear, int size, byte* source, DataAccess access)
    {
        int first = WithinPage(linear, size);
        if (!TryTranslate(linear, access, out ulong physical, out byte* host))
        {
            return false;
        }

        if (first == size)
        {
            if (!TryRequireAligned(linear, size, access))
            {
                return false;
            }

            if (host is null)
            {
                return Physical.TryWrite(physical, size, source) && Note(ExitDirection.Write, physical, size, source);
            }

            PhysicalAccess.Copy(source, host, size);
            return true;
        }

        return TryTranslate(NextPage(linear, first, access), access, out ulong second, out _)
            && TryRequireAligned(linear, size, access)
            && Physical.TryWrite(physical, first, source)
            && Physical.TryWrite(second, size - first, source + first)
            && Note(ExitDirection.Write, physical, first, source)
            && Note(ExitDirection.Write, second, size - first, source + first);
    }

    /// <summary>Translates a range of at most a page without touching it.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="access">Kind and rights.</param>
    /// <returns>Whether the access will not page-fault.</returns>
    public bool TryProbe(ulong linear, int size, DataAccess access)
    {
        int first = WithinPage(linear, size);
        return TryTranslate(linear, access, out _, out _)
            && (first == size || TryTranslate(NextPage(linear, first, access), access, out _, out _));
    }

    /// <summary>Finds host memory for an atomic operation inside one page.</summary>
    /// <param name="linear">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="access">Kind and rights.</param>
    /// <param name="host">The host address, or null when the page is not RAM for this access: use the slow path.</param>
    /// <param name="watched">The guest-physical address when code was decoded from the page: report it to <see cref="PhysicalAccess.WrittenAtomically"/>. Else null.</param>
    /// <returns><see langword="false"/> when it faults.</returns>
    public bool TryGetHost(ulong linear, int size, DataAccess access, out byte* host, out ulong? watched)
    {
        host = null;
        watched = null;
        if (!TryTranslate(linear, access, out ulong physical, out _) || !TryRequireAligned(linear, size, access))
        {
            return false;
        }

        SlotMemory? slot = Physical.Find(physical);
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
        return Note((access & DataAccess.Write) != 0 ? ExitDirection.Write : ExitDirection.Read, physical, size, host);
    }

    /// <summary>Translates the address of code as it was last translated, without a look at the tables.</summary>
    /// <returns>Whether that is known.</returns>
    public bool TryRecallCode(ulong linear, out ulong physical) => _code.TryFind(linear, _cpu->Cpl == 3, out physical);

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
        bool global = false;
        if (IsPaging)
        {
            PageAccess access = PageAccess.Execute | (_cpu->Cpl == 3 ? PageAccess.User : PageAccess.Read);
            WalkResult walk = PageTables.Walk(linear, access);
            if (walk.IsFault)
            {
                return Faults.PageFault(_cpu, linear, walk.ErrorCode);
            }

            physical = walk.Physical;
            global = walk.IsGlobal;
            _largePages.Add(linear, walk.PageShift);
        }

        physical &= _vm.AddressMask;
        _code.Add(linear, _cpu->Cpl == 3, physical, global);
        return true;
    }

    /// <summary>Walks the tables for KVM_TRANSLATE: nothing is marked, nothing raised.</summary>
    /// <param name="linear">The linear address.</param>
    /// <param name="access">The access to judge.</param>
    /// <param name="steps">Receives the entries met.</param>
    /// <returns>The walk.</returns>
    public WalkResult Look(ulong linear, PageAccess access, Span<WalkStep> steps) => IsPaging
        ? PageTables.Walk(linear, access | PageAccess.Quiet, steps)
        : new WalkResult { Physical = linear & _vm.AddressMask, PageShift = GuestPage.Shift, IsWritable = true, IsUser = true };

    /// <summary>Forgets translations, data and code.</summary>
    /// <param name="keepGlobal">Whether global pages stay.</param>
    public void Flush(bool keepGlobal)
    {
        Tlb.Flush(_cpu->SupervisorTlb, keepGlobal);
        Tlb.Flush(_cpu->UserTlb, keepGlobal);
        FlushOpenTlb();
        if (!keepGlobal)
        {
            _largePages.Clear();
        }

        // The kernel's own code is global as a rule: its targets survive a change of the address space.
        bool supervisorToo = !keepGlobal || _code.HasLocalSupervisorPages;
        _code.Flush(keepGlobal && !supervisorToo);
        _engine.Code.ForgetTargets(supervisorToo);
    }

    /// <summary>Forgets the page of a linear address: of a large page every piece, for the TLB holds small ones only.</summary>
    /// <param name="linear">Any address in the page.</param>
    public void FlushPage(ulong linear)
    {
        if (_largePages.MayHold(linear))
        {
            Flush(keepGlobal: false);
            return;
        }

        Tlb.FlushPage(_cpu->SupervisorTlb, linear);
        Tlb.FlushPage(_cpu->UserTlb, linear);
        Tlb.FlushPage(_cpu->OpenTlb, linear);
        _code.FlushPage(linear);
        if (_code.MayHold(linear))
        {
            _engine.Code.ForgetTargets(supervisorToo: true);
        }
    }

    /// <summary>Makes writes look again: to one page that now holds code, or to all when dirty bits were taken.</summary>
    /// <param name="physicalPage">The page, or null for all.</param>
    public void ForbidWrites(ulong? physicalPage)
    {
        Tlb.ForbidWrites(_cpu->SupervisorTlb, physicalPage);
        Tlb.ForbidWrites(_cpu->UserTlb, physicalPage);
        if (_openTlbInUse)
        {
            Tlb.ForbidWrites(_cpu->OpenTlb, physicalPage);
        }
    }

    // Always true: a part of an access that is done.
    private bool Note(ExitDirection direction, ulong physical, int size, byte* data)
    {
        if (_vm.MemoryWatch is { } watch && _vm.Observer is { } observer && watch.Touches(physical, size))
        {
            ulong value = 0;
            new ReadOnlySpan<byte>(data, Math.Min(size, sizeof(ulong))).CopyTo(new Span<byte>(&value, sizeof(ulong)));
            observer.OnMemoryAccess(new ObservedAccess(_engine.Id, _engine.Position, direction, physical, size, value));
            if (_cpu->Pending != 0)
            {
                _engine.Loop.BreakAfterCurrent(); // the observer may want the run to end
            }
        }

        return true;
    }

    /// <summary>Forgets where a page lies in the host: it has got another place.</summary>
    /// <param name="physicalPage">Its guest-physical address.</param>
    public void ForgetPlace(ulong physicalPage)
    {
        Tlb.ForgetPlace(_cpu->SupervisorTlb, physicalPage);
        Tlb.ForgetPlace(_cpu->UserTlb, physicalPage);
        if (_openTlbInUse)
        {
            Tlb.ForgetPlace(_cpu->OpenTlb, physicalPage);
        }
    }

    private void FlushOpenTlb()
    {
        if (_openTlbInUse)
        {
            _openTlbInUse = false;
            Tlb.Flush(_cpu->OpenTlb, keepGlobal: false);
        }
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

    // The host address is that of memory which the access may go to at once, as the next one will, or null.
    private bool TryTranslate(ulong linear, DataAccess access, out ulong physical, out byte* host)
    {
        host = null;
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
            WalkResult walk = PageTables.Walk(linear, asked);
            if (walk.IsFault)
            {
                return Faults.PageFault(_cpu, linear, walk.ErrorCode);
            }

            physical = walk.Physical;
            mayWrite = walk.MayWrite;
            global = walk.IsGlobal;

            // With SMAP a supervisor's right to a user page comes and goes with EFLAGS.AC, and so does the table that holds such pages.
            mayKeep = user || !walk.IsUser || (_cpu->State.Cr4 & Cr4.SupervisorAccessPrevention) == 0 || _cpu->Tlb == _cpu->OpenTlb;
            _largePages.Add(linear, walk.PageShift);
        }

        physical &= _vm.AddressMask;
        if (write)
        {
            Physical.PrepareWrite(physical);
        }

        if (!mayKeep)
        {
            return true;
        }

        bool open = !user && _cpu->Tlb == _cpu->OpenTlb && (access & DataAccess.System) == 0;
        _openTlbInUse |= open;
        host = Fill(user ? _cpu->UserTlb : open ? _cpu->OpenTlb : _cpu->SupervisorTlb, linear, physical, mayWrite, global, write);
        return true;
    }

    private byte* Fill(TlbEntry* table, ulong linear, ulong physical, bool mayWrite, bool global, bool write)
    {
        SlotMemory? slot = Physical.Find(physical);
        if (slot is null)
        {
            return null;
        }

        ulong page = linear & ~(ulong)GuestPage.OffsetMask;
        if (_engine.Breakpoints.HasData && _engine.Breakpoints.WatchesPage(page))
        {
            return null;
        }

        if (_vm.MemoryWatch is { } watch && watch.WatchesPage(physical))
        {
            return null;
        }

        PageRecord* record = slot.RecordOf(physical);
        bool plain = !slot.IsReadOnly && !slot.IsShared(physical) && !record->IsWatched && (!slot.LogsDirtyPages || record->Dirty != 0);
        bool writable = mayWrite && plain;
        byte* host = slot.PageOf(physical);
        Tlb.Fill(table, page, new TlbEntry
        {
            ReadTag = page,
            WriteTag = writable ? page : Tlb.Never,
            Addend = (ulong)host - page,
            Physical = (physical & ~(ulong)GuestPage.OffsetMask) | (global ? Tlb.GlobalBit : 0),
        });
        return write && !writable ? null : host + (linear & GuestPage.OffsetMask);
    }
}
