namespace KvmSharp.Devices;

/// <summary>Feature bits that belong to no single kind of device. Virtual I/O Device 1.1, "Reserved Feature Bits".</summary>
public static class VirtioFeature
{
    /// <summary>A descriptor may refer to a table of descriptors. VIRTIO_F_INDIRECT_DESC (old name VIRTIO_RING_F_INDIRECT_DESC).</summary>
    public const ulong IndirectDescriptors = 1UL << 28;

    /// <summary>Both sides name the index at which they want to hear from the other. VIRTIO_F_EVENT_IDX.</summary>
    public const ulong EventIndex = 1UL << 29;

    /// <summary>The driver follows version 1 of the specification, not what was before it. VIRTIO_F_VERSION_1.</summary>
    public const ulong Version1 = 1UL << 32;
}
