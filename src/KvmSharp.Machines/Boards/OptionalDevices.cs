namespace KvmSharp.Machines;

/// <summary>Devices that a PC has only when asked for.</summary>
[Flags]
public enum OptionalDevices
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>QEMU's <c>pc-testdev</c>, for kernels that test an emulator. The debug console's port gives way.</summary>
    TestDevice = 1,

    /// <summary>A virtio entropy device.</summary>
    VirtioRng = 2,

    /// <summary>A virtio console.</summary>
    VirtioConsole = 4,
}
