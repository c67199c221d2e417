namespace KvmSharp;

/// <summary>A device behind guest-physical addresses. It knows offsets from its own first byte and nothing of the board.</summary>
/// <remarks>Called with the machine's device lock held, one access at a time. An access never leaves the mapped range.</remarks>
public interface IMmioDevice
{
    /// <summary>Reads from the device's address range.</summary>
    /// <param name="offset">The distance in bytes from the first byte of the mapping.</param>
    /// <param name="width">The access width in bytes: 1 to 8, also 3, 5, 6 and 7 when an access straddles a boundary.</param>
    /// <returns>The value, little-endian, in the low <paramref name="width"/> bytes.</returns>
    ulong ReadMmio(ulong offset, int width);

    /// <summary>Writes to the device's address range.</summary>
    /// <param name="offset">The distance in bytes from the first byte of the mapping.</param>
    /// <param name="width">The access width in bytes: 1 to 8, also 3, 5, 6 and 7 when an access straddles a boundary.</param>
    /// <param name="value">The value, little-endian, in the low <paramref name="width"/> bytes; higher bits are zero.</param>
    void WriteMmio(ulong offset, int width, ulong value);
}
