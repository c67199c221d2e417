namespace KvmSharp.Devices;

/// <summary>A display adapter's own memory. It is RAM: what resets the adapter leaves it alone, and whoever saves the machine saves it as bytes.</summary>
/// <remarks>
/// The VGA sees the first 256 KiB as 64 Ki places of four planes, a byte each: plane <c>p</c> of place <c>n</c> is byte 4n + p.
/// A linear frame buffer sees all of it as it lies. Used with the machine's device lock held.
/// </remarks>
public sealed class VideoMemory : IMmioDevice
{
    /// <summary>The memory of an IBM VGA: 256 KiB.</summary>
    public const int VgaBytes = 256 * 1024;

    private readonly byte[] _bytes;

    /// <summary>Makes memory that is all zero.</summary>
    /// <param name="bytes">Its size, a power of two of at least <see cref="VgaBytes"/>.</param>
    public VideoMemory(int bytes = VgaBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, VgaBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(int.PopCount(bytes), 1, nameof(bytes));
        _bytes = new byte[bytes];
    }

    /// <summary>Gets the memory itself.</summary>
    public Span<byte> Bytes => _bytes;

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width)
    {
        ulong value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (ulong)_bytes[Wrap(offset, lane)] << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            _bytes[Wrap(offset, lane)] = (byte)(value >> (8 * lane));
        }
    }

    private int Wrap(ulong offset, int lane) => (int)(offset + (ulong)lane) & (_bytes.Length - 1);
}
