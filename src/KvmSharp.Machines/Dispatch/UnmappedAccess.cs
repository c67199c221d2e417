using System.Globalization;

namespace KvmSharp.Machines;

/// <summary>An access to a port or a guest-physical address at which nothing answers. Reads give all ones, writes are lost.</summary>
/// <param name="Space">Ports or memory.</param>
/// <param name="Direction">Read or write, seen from the guest.</param>
/// <param name="Address">The port or the guest-physical address.</param>
/// <param name="Width">The width in bytes.</param>
/// <param name="Value">What was written; 0 for a read.</param>
public readonly record struct UnmappedAccess(AccessSpace Space, ExitDirection Direction, ulong Address, int Width, ulong Value)
{
    /// <summary>Says it in words, such as "read of 1 byte from port 1F7h".</summary>
    /// <returns>The text, without a full stop.</returns>
    public override string ToString()
    {
        string place = Space == AccessSpace.Port ? $"port {Address:X}h" : $"address {Address:X}h";
        string bytes = Width == 1 ? "1 byte" : string.Create(CultureInfo.InvariantCulture, $"{Width} bytes");
        return Direction == ExitDirection.Read ? $"read of {bytes} from {place}" : $"write of {bytes} ({Value:X}h) to {place}";
    }
}

/// <summary>The two address spaces of the processor's bus.</summary>
public enum AccessSpace : byte
{
    /// <summary>I/O ports, 0 to FFFFh.</summary>
    Port,

    /// <summary>Guest-physical memory.</summary>
    Memory,
}
