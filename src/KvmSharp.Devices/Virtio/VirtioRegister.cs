namespace KvmSharp.Devices;

/// <summary>Offsets in the common configuration structure. Virtual I/O Device 1.1, "Common configuration structure layout".</summary>
public static class VirtioRegister
{
    /// <summary>Which 32 of the device's feature bits <see cref="DeviceFeature"/> shows, 4 bytes.</summary>
    public const int DeviceFeatureSelect = 0x00;

    /// <summary>The feature bits that the device offers, 4 bytes, read-only.</summary>
    public const int DeviceFeature = 0x04;

    /// <summary>Which 32 of the driver's feature bits <see cref="DriverFeature"/> shows, 4 bytes.</summary>
    public const int DriverFeatureSelect = 0x08;

    /// <summary>The feature bits that the driver accepts, 4 bytes.</summary>
    public const int DriverFeature = 0x0C;

    /// <summary>The MSI-X vector of configuration changes, 2 bytes: always <see cref="NoVector"/>.</summary>
    public const int ConfigurationVector = 0x10;

    /// <summary>The number of queues, 2 bytes, read-only.</summary>
    public const int QueueCount = 0x12;

    /// <summary>The device status, 1 byte: see <see cref="VirtioStatus"/>.</summary>
    public const int DeviceStatus = 0x14;

    /// <summary>Changes whenever the device-specific configuration has changed, 1 byte, read-only.</summary>
    public const int ConfigurationGeneration = 0x15;

    /// <summary>The queue that all registers below are of, 2 bytes.</summary>
    public const int QueueSelect = 0x16;

    /// <summary>The queue's size in descriptors, 2 bytes: a power of two; at reset the largest; 0 of a queue that is not there.</summary>
    public const int QueueSize = 0x18;

    /// <summary>The MSI-X vector of the queue, 2 bytes: always <see cref="NoVector"/>.</summary>
    public const int QueueVector = 0x1A;

    /// <summary>1 makes the queue ready, 2 bytes; until then the registers around it can be written.</summary>
    public const int QueueEnable = 0x1C;

    /// <summary>Where the queue is notified, 2 bytes, read-only: in units of the notification capability's multiplier.</summary>
    public const int QueueNotifyOffset = 0x1E;

    /// <summary>The address of the descriptor table, 8 bytes.</summary>
    public const int QueueDescriptors = 0x20;

    /// <summary>The address of the available ring (the driver's area), 8 bytes.</summary>
    public const int QueueAvailable = 0x28;

    /// <summary>The address of the used ring (the device's area), 8 bytes.</summary>
    public const int QueueUsed = 0x30;

    /// <summary>The length of the structure.</summary>
    public const int Length = 0x38;

    /// <summary>What a vector register reads as when the device took no vector. VIRTIO_MSI_NO_VECTOR.</summary>
    public const ushort NoVector = 0xFFFF;
}
