namespace KvmSharp.Devices;

/// <summary>What a PCI function says of itself in the fixed part of its header.</summary>
public sealed record PciIdentity
{
    /// <summary>Gets the maker.</summary>
    public required ushort VendorId { get; init; }

    /// <summary>Gets the maker's number of the device.</summary>
    public required ushort DeviceId { get; init; }

    /// <summary>Gets class, subclass and programming interface, 8 bits each: 010180h is an IDE controller with bus mastering.</summary>
    public required uint ClassCode { get; init; }

    /// <summary>Gets the revision.</summary>
    public byte Revision { get; init; }

    /// <summary>Gets who made the board that the device is on; QEMU's boards say 1AF4h.</summary>
    public ushort SubsystemVendorId { get; init; }

    /// <summary>Gets that maker's number of the board.</summary>
    public ushort SubsystemId { get; init; }

    /// <summary>Gets the interrupt pin: 0 none, 1 INTA#.</summary>
    public byte InterruptPin { get; init; }

    /// <summary>Gets a value indicating whether the device has further functions.</summary>
    public bool IsMultifunction { get; init; }
}
