using System.Runtime.CompilerServices;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp;

/// <summary>Memory slots, and what vCPUs keep of memory: translations and decoded code, which changes must reach.</summary>
public sealed unsafe partial class VirtualMachine
{
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
        Watch?.OnSlot(this, slot);
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
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
        bool keeps = false;
        foreach (VcpuEngine engine in engines)
        {
            if (engine == writer)
            {
                keeps = engine.Code.InvalidateOwn(physical, length);
            }
            else
            {
                engine.Requests.CodeWritten(physical, length);
            }
        }

        // With one vCPU it is certain when nothing of a page is decoded any more; its writes may be quick again then.
        if (engines.Length == 1 && writer is not null && !keeps)
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
}
