using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp;

/// <summary>One virtual machine: memory slots, vCPUs, and what is attached to them. Mirrors the VM file descriptor of KVM.</summary>
/// <remarks>
/// Memory and requests may be used from any thread, also while vCPUs run. Handler, clock and controller are set before the first run.
/// </remarks>
public sealed unsafe class VirtualMachine : IDisposable
{
    /// <summary>Slots that one machine may have, numbered from 0. KVM_CAP_NR_MEMSLOTS.</summary>
    public const int MaxMemorySlots = 509;

    /// <summary>VCPUs that one machine may have. KVM_CAP_MAX_VCPUS.</summary>
    public const int MaxVcpus = 64;

    /// <summary>One past the highest guest-physical address: 40 bits, as CPUID leaf 80000008h says.</summary>
    public const ulong AddressSpaceEnd = Paging.PhysicalAddress.End;

    private const ulong A20 = 1UL << 20;

    private readonly Lock _gate = new();
    private volatile VirtualCpu[] _vcpus = [];
    private VcpuEngine[] _engines = [];
    private bool _disposed;
    private bool _ignoresNumericErrors;

    internal VirtualMachine()
    {
        Memory = new GuestMemory((physical, length) => CodeWritten(physical, length, writer: null));
        Clock = new InstructionClock();
        InterruptLine = new Wire(asserted => BootEngine?.Requests.DriveInterruptLine(asserted));
        NmiLine = new Wire(asserted => OnNmi(asserted));
        A20Gate = new Wire(SetA20);
        IgnoreFloatingPointErrorLine = new Wire(asserted => Volatile.Write(ref _ignoresNumericErrors, asserted));
    }

    /// <summary>Gets the guest-physical memory.</summary>
    public GuestMemory Memory { get; }

    /// <summary>Gets the vCPUs in the order of their creation.</summary>
    public IReadOnlyList<VirtualCpu> Vcpus => _vcpus;

    /// <summary>Gets or sets the handler that is offered each exit before <c>Run</c> returns it.</summary>
    public IExitHandler? ExitHandler { get; set; }

    /// <summary>Gets or sets the interrupt chip. With one, HLT waits inside <c>Run</c>. KVM_CREATE_IRQCHIP.</summary>
    public IInterruptController? InterruptController { get; set; }

    /// <summary>Gets or sets which MSRs guests may access; <see langword="null"/>, as after creation, allows all. KVM_X86_SET_MSR_FILTER.</summary>
    /// <remarks>May be changed between runs.</remarks>
    public MsrFilter? MsrFilter { get; set; }

    /// <summary>Gets or sets for which refused MSR accesses the embedder is asked; the others raise #GP(0). KVM_CAP_X86_USER_SPACE_MSR.</summary>
    /// <remarks>
    /// The exit is finished like other accesses: fill <see cref="VirtualCpu.ExitData"/> after RDMSR, set <see cref="VirtualCpu.MsrError"/> to
    /// make either fail. The processor's own register is not touched.
    /// </remarks>
    public MsrExitReason UserSpaceMsrs { get; set; }

    /// <summary>Gets or sets a value indicating whether VMCALL and VMMCALL make a <see cref="VmExitReason.Hypercall"/> exit; else they are #UD.</summary>
    /// <remarks>KVM answers most calls itself and hands on those chosen by KVM_CAP_EXIT_HYPERCALL; here the embedder gets all.</remarks>
    public bool HypercallExits { get; set; }

    /// <summary>Gets or sets who is told of delivered exceptions and interrupts.</summary>
    public IEventObserver? EventObserver { get; set; }

    /// <summary>Gets the INTR pin of the first vCPU, which the interrupt chip drives. Any thread.</summary>
    public ISignal InterruptLine { get; }

    /// <summary>Gets the NMI pin of the first vCPU; a rising edge is one NMI. Any thread.</summary>
    public ISignal NmiLine { get; }

    /// <summary>Gets or sets where the FERR pin leads: to line 13 of the interrupt chip on a PC. Null when it is not connected.</summary>
    /// <remarks>
    /// Asserted while CR0.NE is 0 and a waiting x87 instruction meets an unmasked exception; released when that is cleared. The vCPU then
    /// waits before the instruction for an interrupt, as if halted. Driven on the vCPU's thread.
    /// </remarks>
    public ISignal? FloatingPointErrorLine { get; set; }

    /// <summary>Gets the IGNNE pin: while asserted, and CR0.NE is 0, x87 instructions ignore unmasked exceptions. Any thread.</summary>
    /// <remarks>A PC asserts it by a write to port F0h and releases it when FERR is released.</remarks>
    public ISignal IgnoreFloatingPointErrorLine { get; }

    /// <summary>Gets the A20 gate: asserted, as after creation, lets address bit 20 pass; else it reads 0. Any thread.</summary>
    public ISignal A20Gate { get; }

    /// <summary>Gets or sets the time that RDTSC and devices follow: an <see cref="InstructionClock"/> unless something else is set before the first run.</summary>
    public IVirtualClock Clock
    {
        get;
        set
        {
            field = value;
            InstructionClock = value as InstructionClock;
            if (BootEngine is { } engine)
            {
                InstructionClock?.Attach(engine);
            }
        }
    }

    internal InstructionClock? InstructionClock { get; private set; }

    internal ulong AddressMask { get; private set; } = ulong.MaxValue;

    internal bool IgnoresNumericErrors => Volatile.Read(ref _ignoresNumericErrors);

    internal BusLock BusLock { get; } = new();

    private VcpuEngine? BootEngine => Volatile.Read(ref _engines) is [var first, ..] ? first : null;

    /// <summary>Adds, replaces, moves or deletes a memory slot. KVM_SET_USER_MEMORY_REGION.</summary>
    /// <param name="slot">The slot. A slot whose size stays the same keeps its contents; another size gives fresh, zeroed memory.</param>
    /// <exception cref="KvmException">Not aligned to 4096, out of the address space or unknown (EINVAL), or overlapping (EEXIST).</exception>
    /// <remarks>May be called while vCPUs run: it returns when none of them can use the old mapping any more.</remarks>
    public void SetUserMemoryRegion(MemorySlot slot)
    {
        Check(slot);
        ObjectDisposedException.ThrowIf(_disposed, this);
        SlotMemory? unused = Memory.Replace(slot);
        foreach (VcpuEngine engine in Volatile.Read(ref _engines))
        {
            engine.Requests.CodeWritten(0, 0);
        }

        FlushAll(self: null);
        unused?.Dispose();
    }

    /// <summary>Reads and clears the dirty bits of a slot. KVM_GET_DIRTY_LOG.</summary>
    /// <param name="slotId">A slot with <see cref="MemorySlotOptions.LogDirtyPages"/>.</param>
    /// <returns>One bit for each page: bit 0 of element 0 is the slot's first page. A page written later is in the next log.</returns>
    /// <exception cref="KvmException">No such slot (ENOENT), or it is not logged (EINVAL).</exception>
    public ulong[] GetDirtyLog(int slotId)
    {
        if (!Memory.FindById(slotId).LogsDirtyPages)
        {
            throw KvmException.Invalid($"memory slot {slotId} does not log dirty pages");
        }

        // Only pages of this log can still be written through an old translation, and that ends before the caller looks at them.
        ulong[] log = Memory.TakeDirtyLog(slotId);
        FlushAll(self: null);
        return log;
    }

    /// <summary>Makes a vCPU in its power-on state. KVM_CREATE_VCPU.</summary>
    /// <param name="id">Its number, unique in the machine.</param>
    /// <returns>The vCPU.</returns>
    /// <exception cref="KvmException">The id is taken (EEXIST) or out of range (EINVAL).</exception>
    public VirtualCpu CreateVcpu(int id)
    {
        if (id is < 0 or >= MaxVcpus)
        {
            throw KvmException.Invalid($"vCPU ids are 0 to {MaxVcpus - 1}, not {id}");
        }

        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_vcpus.Any(v => v.Id == id))
            {
                throw new KvmException(Errno.Exists, $"vCPU {id} exists already");
            }

            var engine = new VcpuEngine(this, id);
            var vcpu = new VirtualCpu(this, engine);
            Volatile.Write(ref _engines, [.. _engines, engine]);
            _vcpus = [.. _vcpus, vcpu];
            InstructionClock?.Attach(engine);
            return vcpu;
        }
    }

    /// <summary>Makes the first vCPU's <c>Run</c> return a system event behind the instruction under way. Any thread.</summary>
    /// <param name="type">Power-off, reset or crash.</param>
    public void RaiseSystemEvent(SystemEventType type) => BootEngine?.Requests.RaiseSystemEvent(type);

    /// <summary>Stops every vCPU and gives the memory back. Not from inside an exit handler.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            foreach (VirtualCpu vcpu in _vcpus)
            {
                vcpu.Close();
            }

            foreach (VcpuEngine engine in _engines)
            {
                engine.Dispose();
            }

            Memory.DisposeAll();
        }
    }

    /// <summary>Notes that a vCPU is about to keep code decoded from a range; writes to it are seen from now on.</summary>
    /// <param name="physical">The first byte.</param>
    /// <param name="length">Bytes, within one page.</param>
    /// <param name="reader">The vCPU.</param>
    /// <returns>Whether the range was not marked before: then the bytes must be read again, for someone may just have written them.</returns>
    internal bool MarkCode(ulong physical, int length, VcpuEngine reader)
    {
        SlotMemory? slot = Memory.Find(physical);
        if (slot is null)
        {
            return false;
        }

        PageRecord* record = slot.RecordOf(physical);
        ulong bits = GuestPage.GranulesOf((int)(physical & GuestPage.OffsetMask), length);
        if ((record->CodeGranules & bits) == bits)
        {
            return false;
        }

        if (Interlocked.Or(ref record->CodeGranules, bits) == 0)
        {
            reader.Mmu.ForbidWrites(physical & ~(ulong)GuestPage.OffsetMask);
            FlushAll(reader);
        }

        return true;
    }

    /// <summary>Guest bytes have been written that may have been decoded: every vCPU drops what it made of them.</summary>
    /// <param name="physical">The first byte.</param>
    /// <param name="length">Bytes, within one page.</param>
    /// <param name="writer">The vCPU that wrote, or null for the host.</param>
    internal void CodeWritten(ulong physical, int length, VcpuEngine? writer)
    {
        SlotMemory? slot = Memory.Find(physical);
        if (slot is null)
        {
            return;
        }

        PageRecord* record = slot.RecordOf(physical);
        if ((record->CodeGranules & GuestPage.GranulesOf((int)(physical & GuestPage.OffsetMask), length)) == 0)
        {
            return;
        }

        VcpuEngine[] engines = Volatile.Read(ref _engines);
        foreach (VcpuEngine engine in engines)
        {
            if (engine == writer)
            {
                engine.Code.Invalidate(physical, length);
            }
            else
            {
                engine.Requests.CodeWritten(physical, length);
            }
        }

        // With one vCPU it is certain when nothing of a page is decoded any more; its writes may be quick again then.
        if (engines.Length == 1 && writer is not null && !writer.Code.HasPage(physical))
        {
            record->CodeGranules = 0;
        }
    }

    /// <summary>A page has been found in use as a page table: writes to it are looked at from now on, those of other vCPUs soon.</summary>
    /// <param name="page">Its guest-physical address.</param>
    /// <param name="walker">The vCPU that walked through it.</param>
    internal void WatchPageTable(ulong page, VcpuEngine walker)
    {
        walker.Mmu.ForbidWrites(page);
        foreach (VcpuEngine engine in Volatile.Read(ref _engines))
        {
            if (engine != walker)
            {
                engine.Requests.Raise(PendingWork.FlushTlb);
            }
        }
    }

    private static void Check(MemorySlot slot)
    {
        const ulong Unaligned = GuestPage.OffsetMask;
        if (slot.Id is < 0 or >= MaxMemorySlots)
        {
            throw KvmException.Invalid($"memory slot numbers are 0 to {MaxMemorySlots - 1}, not {slot.Id}");
        }

        if (((slot.GuestPhysicalAddress | slot.Size) & Unaligned) != 0)
        {
            throw KvmException.Invalid($"memory slot {slot.Id}: address {slot.GuestPhysicalAddress:X}h and size {slot.Size:X}h must be multiples of 4096");
        }

        if (slot.GuestPhysicalAddress > AddressSpaceEnd || slot.Size > AddressSpaceEnd - slot.GuestPhysicalAddress)
        {
            throw KvmException.Invalid($"memory slot {slot.Id} ends beyond the 40-bit guest-physical address space");
        }
    }

    private void FlushAll(VcpuEngine? self)
    {
        VcpuEngine[] engines = Volatile.Read(ref _engines);
        if (self is not null && engines.Length == 1)
        {
            return;
        }

        self?.Requests.LeaveGuest();
        foreach (VcpuEngine engine in engines)
        {
            if (engine != self)
            {
                engine.Requests.FlushAndWait();
            }
        }

        self?.Requests.EnterGuest();
    }

    private void SetA20(bool asserted)
    {
        ulong mask = asserted ? ulong.MaxValue : ~A20;
        if (mask != AddressMask)
        {
            AddressMask = mask;
            FlushAll(self: null);
        }
    }

    private void OnNmi(bool asserted)
    {
        if (asserted)
        {
            BootEngine?.Requests.Raise(PendingWork.Nmi);
        }
    }

    private sealed class Wire(Action<bool> drive) : ISignal
    {
        public void Drive(bool asserted) => drive(asserted);
    }
}
