namespace KvmSharp.Machines;

/// <summary>A disk and the bus that the guest finds it on.</summary>
/// <param name="Spec">The disk.</param>
/// <param name="Bus">The bus.</param>
public sealed record DiskAttachment(DiskSpec Spec, DiskBus Bus = DiskBus.Ide);

/// <summary>The buses for disks.</summary>
public enum DiskBus
{
    /// <summary>IDE: at most four drives, CD-ROMs among them.</summary>
    Ide,

    /// <summary>A virtio-blk function on the PCI bus.</summary>
    Virtio,
}
