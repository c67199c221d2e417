using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>The vendor capabilities that tell a driver where a virtio function keeps its structures.</summary>
/// <remarks>
/// <code>
/// +0 id 09h | +1 next | +2 length | +3 cfg_type | +4 bar | +8 offset in the window, 4 bytes | +12 length, 4 bytes
/// +16 notifications: the multiplier, 4 bytes; access through configuration space: the data, 4 bytes
/// </code>
/// Source: Virtual I/O Device 1.1, "Virtio Structure PCI Capabilities".
/// </remarks>
internal static class VirtioCapability
{
    /// <summary>Bytes of a capability without anything behind its length.</summary>
    public const int Bytes = 16;

    /// <summary>The byte that names the window.</summary>
    public const int Bar = 4;

    /// <summary>The offset in the window.</summary>
    public const int Offset = 8;

    /// <summary>The length of the structure, or of one access.</summary>
    public const int Length = 12;

    /// <summary>What follows in the capabilities that have more.</summary>
    public const int More = 16;

    private const byte VendorSpecific = 0x09;

    /// <summary>Writes one capability.</summary>
    /// <param name="capability">Its place in the configuration space, as long as the capability is.</param>
    /// <param name="next">The offset of the one behind it; 0 ends the list.</param>
    /// <param name="type">What the structure is.</param>
    /// <param name="bar">The window.</param>
    /// <param name="offset">The structure's offset in it.</param>
    /// <param name="length">Its length.</param>
    public static void Write(Span<byte> capability, int next, VirtioStructure type, int bar, int offset, int length)
    {
        capability[0] = VendorSpecific;
        capability[1] = (byte)next;
        capability[2] = (byte)capability.Length;
        capability[3] = (byte)type;
        capability[Bar] = (byte)bar;
        BinaryPrimitives.WriteInt32LittleEndian(capability[Offset..], offset);
        BinaryPrimitives.WriteInt32LittleEndian(capability[Length..], length);
    }
}

/// <summary>The structures of a virtio function: cfg_type.</summary>
internal enum VirtioStructure
{
    /// <summary>Registers that all devices have.</summary>
    Common = 1,

    /// <summary>Where queues are notified.</summary>
    Notifications = 2,

    /// <summary>What the interrupt was for.</summary>
    InterruptStatus = 3,

    /// <summary>The configuration of this kind of device.</summary>
    Device = 4,

    /// <summary>No structure: a way to reach the others through configuration space.</summary>
    ConfigurationAccess = 5,
}
