using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Memory;

/// <summary>The host side of one memory slot: its bytes and one record for each page.</summary>
/// <remarks>
/// Behind a fork the slot's pages are shared with the other machines until they are written: the first write copies the page to the
/// slot's own bytes (<see cref="TryOwn"/>), and no TLB may have a write tag for it before.
/// </remarks>
internal sealed unsafe class SlotMemory : IDisposable
{
    private readonly HostMemory _records;
    private HostMemory _bytes;
    private SharedPages? _shared;

    /// <summary>Makes a slot's memory.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="shared">The pages that it begins with, one use of which becomes its own; null for zeros.</param>
    public SlotMemory(MemorySlot slot, SharedPages? shared = null)
        : this(slot, new HostMemory(slot.Size), new HostMemory((slot.Size >> GuestPage.Shift) * (ulong)sizeof(PageRecord)), shared)
    {
    }

    private SlotMemory(MemorySlot slot, HostMemory bytes, HostMemory records, SharedPages? shared)
    {
        Slot = slot;
        _bytes = bytes;
        _records = records;
        _shared = shared;
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
    public SlotMemory With(MemorySlot slot) => new(slot, _bytes, _records, _shared);

    /// <summary>Gets where a page lies in the host.</summary>
    /// <param name="physical">Any guest-physical address in the slot.</param>
    /// <returns>The page's first byte. The next page need not follow it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* PageOf(ulong physical) =>
        _shared is { } shared && RecordOf(physical)->Owned == 0 ? shared.PageAt(NumberOf(physical)) : OwnPageOf(physical);

    /// <summary>Tells whether a page is shared with other machines, so that it must not be written where it lies.</summary>
    /// <param name="physical">Any guest-physical address in the slot.</param>
    /// <returns>Whether it is.</returns>
    public bool IsShared(ulong physical) => _shared is not null && RecordOf(physical)->Owned == 0;

    /// <summary>Copies a shared page to the slot's own bytes. One thread at a time; the caller makes TLBs forget where the page was.</summary>
    /// <param name="physical">Any guest-physical address in the page.</param>
    /// <returns>Whether it was shared.</returns>
    public bool TryOwn(ulong physical)
    {
        if (!IsShared(physical))
        {
            return false;
        }

        new ReadOnlySpan<byte>(PageOf(physical), GuestPage.Size).CopyTo(new Span<byte>(OwnPageOf(physical), GuestPage.Size));
        Volatile.Write(ref RecordOf(physical)->Owned, 1);
        return true;
    }

    /// <summary>Makes all pages shared, as they are now. No vCPU runs, and all translations are forgotten before one does.</summary>
    /// <returns>The pages, with one use more, for another machine's slot.</returns>
    public SharedPages Share()
    {
        if (_shared is not null && !HasOwnPages())
        {
            return _shared.Share();
        }

        var pages = new SharedPages(_shared, _bytes, PageCount, page => RecordAt(page)->Owned != 0);
        _shared?.Release();
        _shared = pages;
        _bytes.Dispose(); // the pages hold on to it
        _bytes = new HostMemory(Slot.Size);
        for (ulong page = 0; page < PageCount; page++)
        {
            if (RecordAt(page)->Owned != 0)
            {
                RecordAt(page)->Owned = 0;
            }
        }

        return pages.Share();
    }

    /// <summary>Gets the record of a page.</summary>
    /// <param name="physical">Any guest-physical address in the slot.</param>
    /// <returns>The record.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageRecord* RecordOf(ulong physical) => RecordAt(NumberOf(physical));

    /// <inheritdoc/>
    public void Dispose()
    {
        _bytes.Dispose();
        _records.Dispose();
        _shared?.Release();
        _shared = null;
    }

    private ulong NumberOf(ulong physical) => (physical - Base) >> GuestPage.Shift;

    private byte* OwnPageOf(ulong physical) => _bytes.Pointer + ((physical - Base) & ~(ulong)GuestPage.OffsetMask);

    private PageRecord* RecordAt(ulong page) => (PageRecord*)_records.Pointer + page;

    private bool HasOwnPages()
    {
        for (ulong page = 0; page < PageCount; page++)
        {
            if (RecordAt(page)->Owned != 0)
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What is known about one guest page; all zero for a page that nothing has happened to.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PageRecord
{
    /// <summary>One bit for each 64 bytes that some vCPU has decoded code from. Set and cleared with atomic operations.</summary>
    public ulong CodeGranules;

    /// <summary>1 when the page was written since the dirty log was last read.</summary>
    public int Dirty;

    /// <summary>In a slot with shared pages: 1 when the page has been copied to the slot's own bytes.</summary>
    public int Owned;

    /// <summary>Above 0 while the page is taken for a page table whose writes are counted: see <see cref="ShadowPagingCounter"/>.</summary>
    public int TableWritesLeft;

    /// <summary>Gets a value indicating whether writes must go the slow way, because someone wants to know of them.</summary>
    public readonly bool IsWatched => CodeGranules != 0 || TableWritesLeft != 0;
}
