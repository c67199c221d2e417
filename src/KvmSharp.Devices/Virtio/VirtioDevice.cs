namespace KvmSharp.Devices;

/// <summary>One kind of virtio device: what it does with the chains of its queues. It knows neither PCI nor rings.</summary>
/// <remarks>All members are called with the machine's device lock held. A device belongs to one <see cref="VirtioPciFunction"/>.</remarks>
/// <param name="type">The device type: 2 block, 3 console, 4 entropy. Virtual I/O Device 1.1, "Device Types".</param>
/// <param name="classCode">PCI class, subclass and programming interface.</param>
/// <param name="queueCount">The number of queues, at most <see cref="VirtqueueStates.Length"/>.</param>
public abstract class VirtioDevice(ushort type, uint classCode, int queueCount)
{
    /// <summary>The bytes that are kept for a device-specific configuration.</summary>
    public const int ConfigurationBytes = 64;

    /// <summary>Gets the device type.</summary>
    public ushort Type => type;

    /// <summary>Gets PCI class, subclass and programming interface.</summary>
    public uint ClassCode => classCode;

    /// <summary>Gets the number of queues.</summary>
    public int QueueCount => queueCount;

    /// <summary>Gets the feature bits of this kind of device, 0 to 23, that it offers.</summary>
    public abstract ulong Features { get; }

    /// <summary>Gets the longest chain and the largest queue size, a power of two.</summary>
    public virtual ushort LargestQueue => 64;

    /// <summary>Gets a value indicating whether a driver has taken the device: both sides have agreed on features.</summary>
    public bool HasDriver => AcceptedFeatures != 0; // VERSION_1 is always among them

    internal VirtioTransport? Transport { get; set; }

    /// <summary>Gets the features that the driver accepted; none before it says so.</summary>
    protected ulong AcceptedFeatures => Transport?.AcceptedFeatures ?? 0;

    /// <summary>Writes the device-specific configuration.</summary>
    /// <param name="configuration">Zeros, <see cref="ConfigurationBytes"/> long.</param>
    public abstract void FillConfiguration(Span<byte> configuration);

    /// <summary>Called when the driver has set DRIVER_OK, before any queue is served.</summary>
    public virtual void OnDriverReady()
    {
    }

    /// <summary>Does what one chain asks for.</summary>
    /// <param name="queue">The queue's number.</param>
    /// <param name="chain">The chain; valid during the call.</param>
    /// <param name="written">How many bytes, from the first writable one on, were written.</param>
    /// <returns>What becomes of the chain.</returns>
    public abstract VirtioOutcome Serve(int queue, VirtqueueChain chain, out uint written);

    /// <summary>Serves a queue as if the driver had notified it: something came for which its chains were waiting.</summary>
    /// <param name="queue">The queue's number.</param>
    protected void ServeQueue(int queue) => Transport?.Serve(queue);

    /// <summary>Tells the driver that the device-specific configuration is another now.</summary>
    protected void ConfigurationChanged() => Transport?.ConfigurationChanged();
}

/// <summary>What a device did with a chain.</summary>
public enum VirtioOutcome
{
    /// <summary>It is done; the driver gets it back, also when the answer in it is an error.</summary>
    Done,

    /// <summary>It waits, and with it the queue: the device has nothing for it yet.</summary>
    Waits,

    /// <summary>It makes no sense: parts are missing, or it leaves guest memory. The device stops until it is reset.</summary>
    Nonsense,
}
