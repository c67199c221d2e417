namespace KvmSharp.Devices;

/// <summary>What a disk controller finds behind its cable: sectors of 512 bytes that can be read, written and flushed.</summary>
/// <remarks>
/// Host errors are results, not exceptions: the controller tells the guest. Called with the machine's device lock held, one request at a time.
/// Lengths are multiples of <see cref="SectorBytes"/>.
/// </remarks>
public interface IDisk
{
    /// <summary>The unit of a disk, in bytes.</summary>
    const int SectorBytes = 512;

    /// <summary>Gets the number of sectors.</summary>
    long SectorCount { get; }

    /// <summary>Gets a value indicating whether writes are refused.</summary>
    bool IsReadOnly { get; }

    /// <summary>Reads sectors.</summary>
    /// <param name="sector">The first sector.</param>
    /// <param name="destination">Receives the bytes; undefined when the result is not <see cref="DiskResult.Done"/>.</param>
    /// <returns>How it went.</returns>
    DiskResult Read(long sector, Span<byte> destination);

    /// <summary>Writes sectors. They are sure to survive only behind the next <see cref="Flush"/>.</summary>
    /// <param name="sector">The first sector.</param>
    /// <param name="source">The bytes.</param>
    /// <returns>How it went; after a failure each sector holds the old or the new bytes.</returns>
    DiskResult Write(long sector, ReadOnlySpan<byte> source);

    /// <summary>Makes everything written so far survive the end of the process and of the host.</summary>
    /// <returns>How it went.</returns>
    DiskResult Flush();
}

/// <summary>How a request to a disk went.</summary>
public enum DiskResult
{
    /// <summary>It is done.</summary>
    Done,

    /// <summary>The host could not read or write.</summary>
    HostError,

    /// <summary>The host has no room for what was written.</summary>
    NoSpace,

    /// <summary>Some sector lies beyond the end.</summary>
    OutOfRange,

    /// <summary>A write to a disk that is read-only.</summary>
    ReadOnly,
}
