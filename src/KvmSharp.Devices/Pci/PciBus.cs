namespace KvmSharp.Devices;

/// <summary>PCI bus 0: up to 32 devices of up to 8 functions each, found by their numbers.</summary>
/// <remarks>
/// It keeps no state. A function that is not there reads as all ones and ignores writes, as a master abort ends.
/// Source: PCI Local Bus Specification 3.0, "Configuration Space Decoding".
/// </remarks>
public sealed class PciBus
{
    /// <summary>Devices on one bus.</summary>
    public const int DeviceCount = 32;

    /// <summary>Functions of one device.</summary>
    public const int FunctionCount = 8;

    private readonly PciFunction?[] _functions = new PciFunction?[DeviceCount * FunctionCount];

    /// <summary>Gets the functions that are there, lowest number first.</summary>
    public IEnumerable<PciFunction> Functions => _functions.OfType<PciFunction>();

    /// <summary>Puts a function on the bus.</summary>
    /// <param name="device">The device number, 0 to 31.</param>
    /// <param name="function">The function number, 0 to 7; software looks at others only when function 0 says that there are several.</param>
    /// <param name="part">The function.</param>
    /// <exception cref="InvalidOperationException">The place is taken.</exception>
    public void Add(int device, int function, PciFunction part)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)device, (uint)DeviceCount, nameof(device));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)function, (uint)FunctionCount, nameof(function));
        ref PciFunction? place = ref _functions[(device * FunctionCount) + function];
        place = place is null ? part : throw new InvalidOperationException($"PCI device {device} has a function {function} already.");
    }

    /// <summary>Finds a function.</summary>
    /// <param name="device">The device number, 0 to 31.</param>
    /// <param name="function">The function number, 0 to 7.</param>
    /// <returns>The function, or null when there is none.</returns>
    public PciFunction? Find(int device, int function) => _functions[(device * FunctionCount) + function];
}
