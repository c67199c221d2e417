using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using KvmSharp.Memory;

namespace KvmSharp;

/// <summary>The guest-physical memory of one machine: its slots, and copying in and out of them by the host.</summary>
/// <remarks>See <see cref="IGuestMemory"/> for the rules. Slots are changed through <see cref="VirtualMachine.SetUserMemoryRegion"/>.</remarks>
public sealed unsafe class GuestMemory : IGuestMemory
{
    private readonly Lock _gate = new(); // host accesses against changes of the slots; vCPUs are stopped by shoot-down instead
    private readonly Action<ulong, int> _written;
    private readonly Action<SlotMemory, ulong> _makePrivate;
    private volatile SlotMemory[] _slots = [];

    /// <param name="written">Told of every host write: guest-physical address and length, within one page.</param>
    /// <param name="makePrivate">Gives the machine a page of its own in place of one that it shares: the slot, and an address in the page.</param>
    internal GuestMemory(Action<ulong, int> written, Action<SlotMemory, ulong> makePrivate) => (_written, _makePrivate) = (written, makePrivate);

    /// <summary>Gets a value indicating whether pages may be shared with another machine: whether there was a fork.</summary>
    internal bool HasSharedPages { get; private set; }

    /// <summary>Gets the slots in ascending order of addresses.</summary>
    public IReadOnlyList<MemorySlot> Slots => Array.ConvertAll(_slots, static s => s.Slot);

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        lock (_gate)
        {
            if (!Covers(address, (ulong)destination.Length))
            {
                return false;
            }

            while (!destination.IsEmpty)
            {
                int length = WithinPage(address, destination.Length);
                new ReadOnlySpan<byte>(Find(address)!.PageOf(address) + OffsetInPage(address), length).CopyTo(destination);
                destination = destination[length..];
                address += (uint)length;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        lock (_gate)
        {
            if (!Covers(address, (ulong)source.Length))
            {
                return false;
            }

            while (!source.IsEmpty)
            {
                int length = WithinPage(address, source.Length);
                SlotMemory slot = Find(address)!;
                if (slot.IsShared(address))
                {
                    _makePrivate(slot, address);
                }

                source[..length].CopyTo(new Span<byte>(slot.PageOf(address) + OffsetInPage(address), length));
                slot.RecordOf(address)->Dirty = 1;
                _written(address, length);
                source = source[length..];
                address += (uint)length;
            }
        }

        return true;
    }

    /// <summary>Reads one value, little-endian.</summary>
    /// <typeparam name="T">A type without references.</typeparam>
    /// <param name="address">The guest-physical address.</param>
    /// <returns>The value.</returns>
    /// <exception cref="KvmException">Some byte lies outside every slot (EFAULT).</exception>
    public T Read<T>(ulong address)
        where T : unmanaged
    {
        T value = default;
        Read(address, MemoryMarshal.AsBytes(new Span<T>(ref value)));
        return value;
    }

    /// <summary>Writes one value, little-endian.</summary>
    /// <typeparam name="T">A type without references.</typeparam>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="KvmException">Some byte lies outside every slot (EFAULT).</exception>
    public void Write<T>(ulong address, T value)
        where T : unmanaged => Write(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Copies guest memory out.</summary>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="destination">Receives the bytes.</param>
    /// <exception cref="KvmException">Some byte lies outside every slot (EFAULT).</exception>
    public void Read(ulong address, Span<byte> destination)
    {
        if (!TryRead(address, destination))
        {
            throw OutsideSlots(address, destination.Length);
        }
    }

    /// <summary>Copies bytes into guest memory.</summary>
    /// <param name="address">The guest-physical address.</param>
    /// <param name="source">The bytes.</param>
    /// <exception cref="KvmException">Some byte lies outside every slot (EFAULT); nothing was written.</exception>
    public void Write(ulong address, ReadOnlySpan<byte> source)
    {
        if (!TryWrite(address, source))
        {
            throw OutsideSlots(address, source.Length);
        }
    }

    /// <summary>Finds the slot of an address. Called by vCPUs inside a run without a lock.</summary>
    /// <param name="physical">The guest-physical address.</param>
    /// <returns>The slot, or null for a hole.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // begins with every page walk and every store to code
    internal SlotMemory? Find(ulong physical)
    {
        SlotMemory[] slots = _slots;
        int low = 0;
        int high = slots.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            SlotMemory slot = slots[middle];
            if (physical < slot.Base)
            {
                high = middle - 1;
            }
            else if (physical >= slot.End)
            {
                low = middle + 1;
            }
            else
            {
                return slot;
            }
        }

        return null;
    }

    /// <summary>Puts a slot in place of the one with its number, or deletes that one.</summary>
    /// <param name="slot">The new slot; size 0 deletes.</param>
    /// <returns>Memory that no slot uses any more: to be freed once no vCPU can reach it. Null when there is none.</returns>
    /// <exception cref="KvmException">It overlaps another slot (EEXIST), or deletes one that is not there (EINVAL).</exception>
    internal SlotMemory? Replace(MemorySlot slot)
    {
        lock (_gate)
        {
            SlotMemory? old = Array.Find(_slots, s => s.Slot.Id == slot.Id);
            SlotMemory[] others = Array.FindAll(_slots, s => s.Slot.Id != slot.Id);
            if (slot.Size == 0)
            {
                _slots = old is null ? throw KvmException.Invalid($"there is no memory slot {slot.Id} to delete") : others;
                return old;
            }

            ulong end = slot.GuestPhysicalAddress + slot.Size;
            SlotMemory? overlapped = Array.Find(others, s => slot.GuestPhysicalAddress < s.End && s.Base < end);
            if (overlapped is not null)
            {
                throw new KvmException(
                    Errno.Exists,
                    $"memory slot {slot.Id} at {slot.GuestPhysicalAddress:X}h overlaps slot {overlapped.Slot.Id} at {overlapped.Base:X}h");
            }

            bool keepsBytes = old is not null && old.Slot.Size == slot.Size;
            SlotMemory added = keepsBytes ? old!.With(slot) : new SlotMemory(slot);
            if (keepsBytes && added.LogsDirtyPages && !old!.LogsDirtyPages)
            {
                ClearDirty(added); // what was written before logging began is not in the log
            }

            SlotMemory[] slots = [.. others, added];
            Array.Sort(slots, static (a, b) => a.Base.CompareTo(b.Base));
            _slots = slots;
            return keepsBytes ? null : old;
        }
    }

    /// <summary>Reads and clears the dirty bits of a slot; the caller has made sure that the vCPUs look again before they write.</summary>
    /// <param name="id">The slot's number.</param>
    /// <returns>One bit for each page, lowest page in bit 0 of the first element.</returns>
    internal ulong[] TakeDirtyLog(int id)
    {
        lock (_gate)
        {
            SlotMemory slot = FindById(id);
            ulong[] log = new ulong[(slot.PageCount + 63) / 64];
            for (ulong page = 0; page < slot.PageCount; page++)
            {
                PageRecord* record = slot.RecordOf(slot.Base + (page << GuestPage.Shift));
                if (record->Dirty != 0 && Interlocked.Exchange(ref record->Dirty, 0) != 0)
                {
                    log[page >> 6] |= 1UL << (int)(page & 63);
                }
            }

            return log;
        }
    }

    /// <summary>Shares all pages of another machine with the same slots. Neither machine runs.</summary>
    /// <param name="source">The other machine's memory.</param>
    /// <returns>The slots that were in their place, to be freed once no vCPU can reach them.</returns>
    /// <exception cref="KvmException">The slots differ (EINVAL).</exception>
    internal SlotMemory[] ShareFrom(GuestMemory source)
    {
        lock (source._gate)
        {
            SlotMemory[] before = _slots;
            if (!before.Select(static s => s.Slot).SequenceEqual(source._slots.Select(static s => s.Slot)))
            {
                throw KvmException.Invalid("machines share memory only when they have the same slots");
            }

            source.HasSharedPages = HasSharedPages = true;
            _slots = Array.ConvertAll(source._slots, static s => new SlotMemory(s.Slot, s.Share()));
            return before;
        }
    }

    internal SlotMemory FindById(int id) =>
        Array.Find(_slots, s => s.Slot.Id == id) ?? throw KvmException.NotFound($"there is no memory slot {id}");

    internal void DisposeAll()
    {
        lock (_gate)
        {
            SlotMemory[] slots = _slots;
            _slots = [];
            Array.ForEach(slots, static s => s.Dispose());
        }
    }

    private static void ClearDirty(SlotMemory slot)
    {
        for (ulong address = slot.Base; address < slot.End; address += GuestPage.Size)
        {
            if (slot.RecordOf(address)->Dirty != 0)
            {
                slot.RecordOf(address)->Dirty = 0;
            }
        }
    }

    private static int OffsetInPage(ulong address) => (int)(address & GuestPage.OffsetMask);

    private static int WithinPage(ulong address, int length) => Math.Min(length, GuestPage.Size - OffsetInPage(address));

    private static KvmException OutsideSlots(ulong address, int length) =>
        new(Errno.Fault, $"guest-physical range {address:X}h, {length} bytes, is not covered by memory slots");

    private bool Covers(ulong address, ulong length)
    {
        if (length > ulong.MaxValue - address)
        {
            return false;
        }

        ulong end = address + length;
        while (address < end)
        {
            SlotMemory? slot = Find(address);
            if (slot is null)
            {
                return false;
            }

            address = slot.End;
        }

        return true;
    }
}
