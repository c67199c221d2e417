using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace KvmSharp.Devices;

/// <summary>All that a virtio function remembers, for any kind of device.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VirtioPciState
{
    private PciConfigSpace _config;

    /// <summary>Gets or sets the configuration space.</summary>
    public PciConfigSpace Config
    {
        readonly get => _config;
        set => _config = value;
    }

    /// <summary>Gets or sets what lies behind the function's window.</summary>
    public VirtioTransportState Transport { get; set; }
}

/// <summary>The registers of a virtio device and its queues.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VirtioTransportState
{
    private VirtqueueStates _queues;

    /// <summary>Gets or sets the feature bits that the driver accepted.</summary>
    public ulong DriverFeatures { get; set; }

    /// <summary>Gets or sets which half of the device's feature bits is shown.</summary>
    public uint DeviceFeatureSelect { get; set; }

    /// <summary>Gets or sets which half of the driver's feature bits is shown.</summary>
    public uint DriverFeatureSelect { get; set; }

    /// <summary>Gets or sets the queue whose registers are shown.</summary>
    public ushort QueueSelect { get; set; }

    /// <summary>Gets or sets the device status.</summary>
    public VirtioStatus Status { get; set; }

    /// <summary>Gets or sets the ISR status: bit 0 a queue, bit 1 the configuration.</summary>
    public byte InterruptStatus { get; set; }

    /// <summary>Gets or sets the number of changes of the device-specific configuration.</summary>
    public byte ConfigurationGeneration { get; set; }

    /// <summary>Gets or sets the queues whose turn ended before they were empty, one bit each.</summary>
    public byte Suspended { get; set; }

    /// <summary>Gets or sets the virtual time at which the suspended queues go on; 0 when there is none.</summary>
    public long ResumeTime { get; set; }

    /// <summary>Gets or sets the queues.</summary>
    public VirtqueueStates Queues
    {
        readonly get => _queues;
        set => _queues = value;
    }
}

/// <summary>All that a split virtqueue remembers outside guest memory.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
public record struct VirtqueueState
{
    /// <summary>Gets or sets the address of the descriptor table.</summary>
    public ulong Descriptors { get; set; }

    /// <summary>Gets or sets the address of the available ring.</summary>
    public ulong Available { get; set; }

    /// <summary>Gets or sets the address of the used ring.</summary>
    public ulong Used { get; set; }

    /// <summary>Gets or sets the size in descriptors, a power of two.</summary>
    public ushort Size { get; set; }

    /// <summary>Gets or sets the free-running index of the next chain, in both rings: chains are finished in the order in which they came.</summary>
    public ushort Next { get; set; }

    /// <summary>Gets or sets a value indicating whether the driver has made the queue ready.</summary>
    public bool IsEnabled { get; set; }
}

/// <summary>The states of as many queues as any of our devices has.</summary>
[InlineArray(Length)]
public struct VirtqueueStates
{
    /// <summary>The most queues that a device can have.</summary>
    public const int Length = 2;

    private VirtqueueState _first;
}
