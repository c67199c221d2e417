using System.Runtime.CompilerServices;
using KvmSharp.Engine;

namespace KvmSharp.Memory;

/// <summary>Memory by guest-physical address for one vCPU: RAM, or the devices where there is none. Writes are seen by dirty log and code caches.</summary>
internal sealed unsafe class PhysicalAccess(VcpuEngine engine, VirtualMachine vm, DeviceAccess devices)
{
    /// <summary>No address: there is no register page.</summary>
    public const ulong NoApic = ulong.MaxValue;

    private readonly GuestMemory _memory = vm.Memory;

    /// <summary>Gets or sets the guest-physical address of the local APIC's register page, or <see cref="NoApic"/>. It lies over memory.</summary>
    public ulong ApicPage { get; set; } = NoApic;

    /// <summary>Finds the memory at an address, as far as the register page does not hide it.</summary>
    /// <param name="physical">The address.</param>
    /// <returns>The slot, or null.</returns>
    public SlotMemory? Find(ulong physical) =>
        (physical & ~(ulong)GuestPage.OffsetMask) == ApicPage ? null : _memory.Find(physical);

    /// <summary>Gives the machine a page of its own before it writes to one that it shares with others.</summary>
    /// <param name="physical">Any address in the page.</param>
    public void PrepareWrite(ulong physical)
    {
        if (_memory.HasSharedPages && Find(physical) is { IsReadOnly: false } slot && slot.IsShared(physical))
        {
            vm.MakePrivate(slot, physical, engine);
        }
    }

    /// <summary>Reads inside one page.</summary>
    /// <param name="physical">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="destination">Takes them.</param>
    /// <returns><see langword="false"/> when the embedder must answer a device's part first.</returns>
    public bool TryRead(ulong physical, int size, byte* destination)
    {
        SlotMemory? slot = Find(physical);
        if (slot is not null)
        {
            Copy(slot.PageOf(physical) + (physical & GuestPage.OffsetMask), destination, size);
            return true;
        }

        for (int done = 0; done < size; done += sizeof(ulong))
        {
            int part = Math.Min(sizeof(ulong), size - done);
            if (!devices.TryMmio(ExitDirection.Read, physical + (uint)done, new Span<byte>(destination + done, part)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes inside one page.</summary>
    /// <param name="physical">The first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="source">Holds them.</param>
    /// <returns><see langword="false"/> when the embedder must take a device's part first.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryWrite(ulong physical, int size, byte* source)
    {
        SlotMemory? slot = Find(physical);
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
            if (!devices.TryMmio(ExitDirection.Write, physical + (uint)done, new Span<byte>(source + done, part)))
            {
                return false;
            }
        }

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

    /// <summary>Tells every vCPU that bytes were written which it may have decoded.</summary>
    /// <param name="slot">The slot they lie in.</param>
    /// <param name="physical">The first byte.</param>
    /// <param name="size">Bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void NotifyIfCode(SlotMemory slot, ulong physical, int size)
    {
        // The bytes are stored first and the bits read behind a fence: a vCPU that decodes meanwhile sets its bit first and reads
        // the bytes behind a fence, so that at least one of the two notices the other.
        Interlocked.MemoryBarrier();
        if (slot.RecordOf(physical)->CodeGranules != 0)
        {
            vm.CodeWritten(physical, size, engine);
        }
    }

    /// <summary>Copies one value.</summary>
    /// <param name="from">Its place.</param>
    /// <param name="to">Its new place.</param>
    /// <param name="size">Bytes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Copy(byte* from, byte* to, int size)
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

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void CountIfTable(SlotMemory slot, ulong physical)
    {
        PageRecord* record = slot.RecordOf(physical);
        if (record->TableWritesLeft != 0)
        {
            record->TableWritesLeft--;
            engine.ShadowPaging?.CountTableWrite();
        }
    }
}
