using System.Runtime.InteropServices;

namespace KvmSharp.Memory;

/// <summary>The host side of one memory slot: its bytes and one record for each page.</summary>
internal sealed unsafe class SlotMemory : IDisposable
{
    private readonly HostMemory _bytes;
    private readonly HostMemory _records;

    public SlotMemory(MemorySlot slot)
        : this(slot, new HostMemory(slot.Size), new HostMemory((slot.Size >> GuestPage.Shift) * (ulong)sizeof(PageRecord)))
    {
    }

    private SlotMemory(MemorySlot slot, HostMemory bytes, HostMemory records)
    {
        Slot = slot;
        _bytes = bytes;
        _records = records;
        Base = slot.GuestPhysicalAddress;
        End = slot.GuestPhysicalAddress + slot.Size;
    }

    public MemorySlot Slot { get; }

    public ulong Base { get; }

    public ulong End { get; }

    public bool LogsDirtyPages => (Slot.Options & MemorySlotOptions.LogDirtyPages) != 0;

    public bool IsReadOnly => (Slot.Options & MemorySlotOptions.ReadOnly) != 0;

    public ulong PageCount => Slot.Size >> GuestPage.Shift;

    /// <summary>Makes the same memory with other flags, or at another address.</summary>
    /// <param name="slot">The new description; its size is the same.</param>
    /// <returns>The same bytes under the new description.</returns>
    public SlotMemory With(MemorySlot slot) => new(slot, _bytes, _records);

    /// <summary>Gets where a page lies in the host.</summary>
    /// <param name="physical">Any guest-physical address in the slot.</param>
    /// <returns>The page's first byte. The next page need not follow it.</returns>
    public byte* PageOf(ulong physical)
    {
        nint elsewhere = RecordOf(physical)->Elsewhere;
        return elsewhere != 0 ? (byte*)elsewhere : _bytes.Pointer + ((physical - Base) & ~(ulong)GuestPage.OffsetMask);
    }

    /// <summary>Gets the record of a page.</summary>
    /// <param name="physical">Any guest-physical address in the slot.</param>
    /// <returns>The record.</returns>
    public PageRecord* RecordOf(ulong physical) => (PageRecord*)_records.Pointer + ((physical - Base) >> GuestPage.Shift);

    /// <inheritdoc/>
    public void Dispose()
    {
        _bytes.Dispose();
        _records.Dispose();
    }
}

/// <summary>What is known about one guest page; all zero for a page that nothing has happened to.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PageRecord
{
    /// <summary>The page's place in the host when it is not the slot's own; 0 for the slot's own.</summary>
    public nint Elsewhere;

    /// <summary>One bit for each 64 bytes that some vCPU has decoded code from. Set and cleared with atomic operations.</summary>
    public ulong CodeGranules;

    /// <summary>1 when the page was written since the dirty log was last read.</summary>
    public int Dirty;

    /// <summary>Above 0 while the page is taken for a page table whose writes are counted: see <see cref="ShadowPagingCounter"/>.</summary>
    public int TableWritesLeft;

    /// <summary>Gets a value indicating whether writes must go the slow way, because someone wants to know of them.</summary>
    public readonly bool IsWatched => CodeGranules != 0 || TableWritesLeft != 0;
}
