using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Part of a disc, read as a disk of its own: what El Torito emulates. It cannot be written.</summary>
/// <param name="disc">The disc.</param>
/// <param name="first">The first sector of 512 bytes.</param>
/// <param name="count">How many there are.</param>
internal sealed class DiscImage(IDisk disc, long first, long count) : IDisk
{
    /// <summary>The bytes of a disc's block.</summary>
    public const int BlockBytes = 2048;

    /// <summary>Sectors of 512 bytes in a block.</summary>
    public const int SectorsPerBlock = BlockBytes / IDisk.SectorBytes;

    /// <inheritdoc/>
    public long SectorCount => count;

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <inheritdoc/>
    public DiskResult Read(long sector, Span<byte> destination) =>
        sector >= 0 && sector <= count - (destination.Length / IDisk.SectorBytes) ? disc.Read(first + sector, destination) : DiskResult.OutOfRange;

    /// <inheritdoc/>
    public DiskResult Write(long sector, ReadOnlySpan<byte> source) => DiskResult.ReadOnly;

    /// <inheritdoc/>
    public DiskResult Flush() => DiskResult.Done;
}
