namespace KvmSharp.Devices;

/// <summary>A display adapter's own memory. It is RAM: what resets the adapter leaves it alone, and whoever saves the machine saves it as bytes.</summary>
/// <remarks>
/// The VGA sees the first 256 KiB as 64 Ki places of four planes, a byte each: plane <c>p</c> of place <c>n</c> is byte 4n + p.
/// A linear frame buffer sees all of it as it lies. The host has only as much of it as was accessed, and adapters of forked machines share it
/// until one of them is written to. Used with the machine's device lock held.
/// </remarks>
public sealed class VideoMemory : IMmioDevice
{
    /// <summary>The memory of an IBM VGA: 256 KiB.</summary>
    public const int VgaBytes = 256 * 1024;

    private static readonly byte[] Zeros = new byte[VgaBytes];

    private byte[] _bytes = Zeros; // the first part; behind it all is zero
    private bool _isShared = true; // at first with all other adapters

    /// <summary>Makes memory that is all zero.</summary>
    /// <param name="bytes">Its size, a power of two of at least <see cref="VgaBytes"/>.</param>
    public VideoMemory(int bytes = VgaBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, VgaBytes);
        ArgumentOutOfRangeException.ThrowIfNotEqual(int.PopCount(bytes), 1, nameof(bytes));
        Length = bytes;
    }

    /// <summary>Gets the size in bytes.</summary>
    public int Length { get; }

    /// <summary>Gets all of the memory, to be written to.</summary>
    public Span<byte> Bytes => Change(0, Length);

    /// <summary>Gets the length of the first part, behind which nothing was accessed yet, so that all is zero.</summary>
    public int UsedLength => _bytes.Length;

    /// <summary>Gets a value indicating whether nothing was written since <see cref="Vga.SetTextMode"/> emptied the screen, so that no character can be on it.</summary>
    public bool IsEmptyScreen => ReferenceEquals(_bytes, VgaTextMode.Memory);

    /// <summary>Gets a part to look at.</summary>
    /// <param name="start">The first byte.</param>
    /// <param name="count">The number of bytes, within <see cref="Length"/>.</param>
    /// <returns>The bytes.</returns>
    public ReadOnlySpan<byte> Look(int start, int count)
    {
        Reach(start + count);
        return _bytes.AsSpan(start, count);
    }

    /// <summary>Gets a part to be written to.</summary>
    /// <param name="start">The first byte.</param>
    /// <param name="count">The number of bytes, within <see cref="Length"/>.</param>
    /// <returns>The bytes.</returns>
    public Span<byte> Change(int start, int count)
    {
        Reach(start + count);
        if (_isShared)
        {
            _bytes = _bytes.ToArray();
            _isShared = false;
        }

        return _bytes.AsSpan(start, count);
    }

    /// <summary>Takes over the contents of another adapter's memory of the same size, which keeps them too.</summary>
    /// <param name="source">The other memory.</param>
    public void ShareFrom(VideoMemory source)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentOutOfRangeException.ThrowIfNotEqual(source.Length, Length, nameof(source));
        _bytes = source._bytes;
        _isShared = source._isShared = true;
    }

    /// <summary>Sets the memory of a VGA to bytes that nobody may change, without copying them where that can be.</summary>
    /// <param name="bytes">As many as a VGA has.</param>
    internal void SetVgaBytes(byte[] bytes)
    {
        if (_bytes.Length == bytes.Length)
        {
            (_bytes, _isShared) = (bytes, true);
        }
        else
        {
            bytes.CopyTo(Change(0, bytes.Length));
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width)
    {
        ulong value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (ulong)Look(Wrap(offset, lane), 1)[0] << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        for (int lane = 0; lane < width; lane++)
        {
            Change(Wrap(offset, lane), 1)[0] = (byte)(value >> (8 * lane));
        }
    }

    private int Wrap(ulong offset, int lane) => (int)(offset + (ulong)lane) & (Length - 1);

    private void Reach(int end)
    {
        if (end > _bytes.Length)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(end, Length);
            Array.Resize(ref _bytes, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)end));
            _isShared = false;
        }
    }
}
