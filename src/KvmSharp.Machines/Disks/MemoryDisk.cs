using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>A disk whose sectors are in the host's memory: what a guest writes is gone at the end of the run.</summary>
public sealed class MemoryDisk : IDisk
{
    private readonly byte[] _bytes;

    /// <summary>Makes a disk with a copy of an image; a last sector that is cut short is filled with zeros.</summary>
    /// <param name="image">The image.</param>
    /// <param name="readOnly">Whether writes are refused.</param>
    public MemoryDisk(ReadOnlySpan<byte> image, bool readOnly = false)
    {
        SectorCount = (image.Length + IDisk.SectorBytes - 1) / IDisk.SectorBytes;
        _bytes = new byte[SectorCount * IDisk.SectorBytes];
        image.CopyTo(_bytes);
        IsReadOnly = readOnly;
    }

    /// <inheritdoc/>
    public long SectorCount { get; }

    /// <inheritdoc/>
    public bool IsReadOnly { get; }

    /// <inheritdoc/>
    public DiskResult Read(long sector, Span<byte> destination)
    {
        if (!IsInside(sector, destination.Length))
        {
            return DiskResult.OutOfRange;
        }

        _bytes.AsSpan((int)sector * IDisk.SectorBytes, destination.Length).CopyTo(destination);
        return DiskResult.Done;
    }

    /// <inheritdoc/>
    public DiskResult Write(long sector, ReadOnlySpan<byte> source)
    {
        if (IsReadOnly)
        {
            return DiskResult.ReadOnly;
        }

        if (!IsInside(sector, source.Length))
        {
            return DiskResult.OutOfRange;
        }

        source.CopyTo(_bytes.AsSpan((int)sector * IDisk.SectorBytes));
        return DiskResult.Done;
    }

    /// <inheritdoc/>
    public DiskResult Flush() => DiskResult.Done;

    private bool IsInside(long sector, int length) => sector >= 0 && sector <= SectorCount - (length / IDisk.SectorBytes);
}
