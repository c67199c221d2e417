namespace KvmSharp.Devices;

/// <summary>One chain of descriptors: what the driver wants the device to read, and where the device may write.</summary>
public sealed class VirtqueueChain
{
    private readonly int _capacity;
    private int _count;

    internal VirtqueueChain(IGuestMemory memory, int capacity)
    {
        _capacity = capacity;
        Readable = new GuestBuffers(memory, capacity);
        Writable = new GuestBuffers(memory, capacity);
    }

    /// <summary>Gets the bytes that the device may read.</summary>
    public GuestBuffers Readable { get; }

    /// <summary>Gets the bytes that the device may write.</summary>
    public GuestBuffers Writable { get; }

    // The number of the first descriptor, by which the driver knows the chain again.
    internal ushort Head { get; private set; }

    internal void Begin(ushort head)
    {
        Head = head;
        _count = 0;
        Readable.Clear();
        Writable.Clear();
    }

    // False for one descriptor too many, a readable one behind a writable one, or one that wraps around the end of the address space.
    internal bool TryAdd(VirtqueueDescriptor descriptor)
    {
        if (_count++ == _capacity || (!descriptor.IsWritable && Writable.Length != 0))
        {
            return false;
        }

        return (descriptor.IsWritable ? Writable : Readable).TryAdd(descriptor.Address, descriptor.Length);
    }
}
