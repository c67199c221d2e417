namespace KvmSharp.Devices;

/// <summary>Bits of the device status register. Virtual I/O Device 1.1, "Device Status Field".</summary>
[Flags]
public enum VirtioStatus : byte
{
    /// <summary>Reset; writing it resets.</summary>
    None = 0,

    /// <summary>The guest has found the device. ACKNOWLEDGE.</summary>
    Acknowledge = 1,

    /// <summary>The guest has a driver for it. DRIVER.</summary>
    Driver = 2,

    /// <summary>The driver is ready; queues are served from here on. DRIVER_OK.</summary>
    DriverOk = 4,

    /// <summary>Both agree on the features; a driver that reads it back as 0 was refused. FEATURES_OK.</summary>
    FeaturesOk = 8,

    /// <summary>The device met nonsense and has stopped until it is reset. DEVICE_NEEDS_RESET.</summary>
    NeedsReset = 0x40,

    /// <summary>The driver has given up. FAILED.</summary>
    Failed = 0x80,
}
