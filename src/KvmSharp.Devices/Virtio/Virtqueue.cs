using System.Buffers.Binary;
using System.Numerics;

namespace KvmSharp.Devices;

/// <summary>One split virtqueue, the device's side: takes chains from the available ring and gives them back on the used ring.</summary>
/// <remarks>
/// <code>
/// available ring (driver writes): flags 2 | index 2 | heads 2 * size       | used_event 2
/// used ring (device writes):      flags 2 | index 2 | (head 4, length 4)... | avail_event 2
/// </code>
/// Indices run freely and wrap at 65536; the place in a ring is the index modulo the size. Everything that the driver wrote is checked: a loop, an
/// index too far ahead, a place outside memory make the queue say <see cref="VirtqueueFetch.Broken"/>.
/// Source: Virtual I/O Device 1.1, "Split Virtqueues".
/// </remarks>
/// <param name="memory">Guest memory.</param>
/// <param name="largestSize">The most descriptors, a power of two; also the longest chain with an indirect table.</param>
internal sealed class Virtqueue(IGuestMemory memory, ushort largestSize)
{
    private const ulong IndexOffset = 2;
    private const ulong HeaderBytes = 4;
    private const ulong AvailableEntryBytes = 2;
    private const ulong UsedEntryBytes = 8;
    private const ushort NoInterrupt = 1; // VIRTQ_AVAIL_F_NO_INTERRUPT

    private VirtqueueState _s = new() { Size = largestSize };

    /// <summary>The chain that <see cref="Fetch"/> found last.</summary>
    public VirtqueueChain Chain { get; } = new(memory, largestSize);

    /// <summary>The features that both sides agreed on.</summary>
    public ulong Features { get; set; }

    public ushort Size => _s.Size;

    public ushort Next => _s.Next;

    public bool IsEnabled => _s.IsEnabled;

    private bool UsesEventIndex => (Features & VirtioFeature.EventIndex) != 0;

    private bool UsesIndirect => (Features & VirtioFeature.IndirectDescriptors) != 0;

    public VirtqueueState Save() => _s;

    public void Load(in VirtqueueState state)
    {
        _s = state;
        _s.Size = IsValidSize(state.Size) ? state.Size : largestSize;
    }

    public void Reset() => _s = new VirtqueueState { Size = largestSize };

    /// <summary>Takes what the driver says of the queue before it makes it ready; afterwards, or with a wrong size, nothing changes.</summary>
    public void Configure(VirtqueueState wanted)
    {
        if (!_s.IsEnabled)
        {
            Load(wanted with { Size = IsValidSize(wanted.Size) ? wanted.Size : _s.Size });
        }
    }

    /// <summary>Looks for the next chain, without taking it off: <see cref="TryComplete"/> does.</summary>
    public VirtqueueFetch Fetch()
    {
        ulong availableBytes = HeaderBytes + ((_s.Size + 1UL) * AvailableEntryBytes);
        ulong usedBytes = HeaderBytes + (_s.Size * UsedEntryBytes) + AvailableEntryBytes;
        if (WrapsAround(_s.Available, availableBytes) || WrapsAround(_s.Used, usedBytes) || !TryReadWord(_s.Available + IndexOffset, out ushort available))
        {
            return VirtqueueFetch.Broken;
        }

        int waiting = (ushort)(available - _s.Next);
        if (waiting == 0)
        {
            return VirtqueueFetch.Empty;
        }

        Volatile.ReadBarrier(); // the driver wrote the entry before the index: read them in the other order
        ulong entry = _s.Available + HeaderBytes + (Place * AvailableEntryBytes);
        if (waiting > _s.Size || !TryReadWord(entry, out ushort head))
        {
            return VirtqueueFetch.Broken;
        }

        Chain.Begin(head);
        return TryFollow(_s.Descriptors, _s.Size, head, isIndirect: false) ? VirtqueueFetch.Found : VirtqueueFetch.Broken;
    }

    /// <summary>Gives the chain back to the driver.</summary>
    /// <param name="written">How many bytes, from the first writable one on, the device has written.</param>
    /// <returns><see langword="false"/> when the used ring lies outside memory.</returns>
    public bool TryComplete(uint written)
    {
        Span<byte> entry = stackalloc byte[(int)UsedEntryBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(entry, Chain.Head);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[sizeof(uint)..], written);
        if (!memory.TryWrite(_s.Used + HeaderBytes + (Place * UsedEntryBytes), entry))
        {
            return false;
        }

        Volatile.WriteBarrier(); // the entry, then the index
        _s.Next++;

        // Flags (none) and index in one aligned doubleword: another processor must never see half an index.
        Span<byte> header = entry[..(int)HeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)_s.Next << (8 * (int)IndexOffset));
        return memory.TryWrite(_s.Used, header);
    }

    /// <summary>Tells the driver to notify for the next chain; without event indices it always does. Look once more afterwards.</summary>
    /// <returns><see langword="false"/> when the used ring lies outside memory.</returns>
    public bool TryAskForNotification()
    {
        if (!UsesEventIndex)
        {
            return true;
        }

        Span<byte> word = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(word, _s.Next);
        bool written = memory.TryWrite(_s.Used + HeaderBytes + (_s.Size * UsedEntryBytes), word);
        Interlocked.MemoryBarrier(); // the driver adds, then looks at the event index; here it is the other way round
        return written;
    }

    /// <summary>Whether the driver wants an interrupt for the chains given back since an index.</summary>
    public bool WantsInterrupt(ushort since)
    {
        Interlocked.MemoryBarrier(); // the index must be out before the driver's wish is looked at
        if (UsesEventIndex)
        {
            return !TryReadWord(_s.Available + HeaderBytes + (_s.Size * AvailableEntryBytes), out ushort wanted)
                || (ushort)(_s.Next - wanted - 1) < (ushort)(_s.Next - since);
        }

        return !TryReadWord(_s.Available, out ushort flags) || (flags & NoInterrupt) == 0;
    }

    private ulong Place => (ulong)(_s.Next % _s.Size);

    // Areas may lie anywhere but across the end of the address space; whether there is memory shows when they are read.
    private static bool WrapsAround(ulong address, ulong bytes) => address + bytes < address;

    private bool IsValidSize(ushort size) => BitOperations.IsPow2(size) && size <= largestSize;

    // A chain with more steps than its table has entries is a loop; one that names an indirect table must end there, and that table holds no other.
    private bool TryFollow(ulong table, uint entries, uint index, bool isIndirect)
    {
        if (WrapsAround(table, entries * (ulong)VirtqueueDescriptor.Bytes))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[VirtqueueDescriptor.Bytes];
        for (uint steps = 0; steps < entries && index < entries; steps++)
        {
            if (!memory.TryRead(table + (index * (ulong)VirtqueueDescriptor.Bytes), bytes))
            {
                return false;
            }

            VirtqueueDescriptor descriptor = VirtqueueDescriptor.Parse(bytes);
            if (descriptor.IsIndirect)
            {
                return UsesIndirect && !isIndirect && !descriptor.HasNext && descriptor.Length % VirtqueueDescriptor.Bytes == 0
                    && TryFollow(descriptor.Address, descriptor.Length / VirtqueueDescriptor.Bytes, index: 0, isIndirect: true);
            }

            if (!Chain.TryAdd(descriptor))
            {
                return false;
            }

            if (!descriptor.HasNext)
            {
                return true;
            }

            index = descriptor.Next;
        }

        return false;
    }

    private bool TryReadWord(ulong address, out ushort value)
    {
        Span<byte> word = stackalloc byte[sizeof(ushort)];
        bool read = memory.TryRead(address, word);
        value = BinaryPrimitives.ReadUInt16LittleEndian(word);
        return read;
    }
}

/// <summary>What a look into the available ring found.</summary>
internal enum VirtqueueFetch
{
    /// <summary>Nothing new.</summary>
    Empty,

    /// <summary>A chain.</summary>
    Found,

    /// <summary>Nonsense.</summary>
    Broken,
}
