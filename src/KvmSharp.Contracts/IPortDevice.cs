namespace KvmSharp;

/// <summary>A device behind I/O ports. It knows offsets from its own first port and nothing of the board.</summary>
/// <remarks>
/// Called with the machine's device lock held, one access at a time. A width of 2 or 4 bytes arrives only when the board
/// mapped the device as able to take it; else the bus splits the access into bytes, lowest port first.
/// </remarks>
public interface IPortDevice
{
    /// <summary>Reads from a port.</summary>
    /// <param name="offset">The port's distance from the first port of the mapping.</param>
    /// <param name="width">The access width in bytes: 1, 2 or 4.</param>
    /// <returns>The value in the low <paramref name="width"/> bytes; higher bits are ignored.</returns>
    uint ReadPort(ushort offset, int width);

    /// <summary>Writes to a port.</summary>
    /// <param name="offset">The port's distance from the first port of the mapping.</param>
    /// <param name="width">The access width in bytes: 1, 2 or 4.</param>
    /// <param name="value">The value in the low <paramref name="width"/> bytes; higher bits are zero.</param>
    void WritePort(ushort offset, int width, uint value);
}
