using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>A raw image: byte n of the file is byte n of the disk.</summary>
/// <remarks>
/// A length that is no multiple of 512 is rounded up. The missing bytes of the last sector read as zeros; the first write to that sector makes the
/// file longer by them, because a sector that forgets half of what was written to it is worse.
/// </remarks>
internal sealed class RawDisk : IDiskLayer
{
    private readonly IHostFile _file;
    private readonly bool _formatWasFound;
    private long _fileLength;

    /// <summary>Takes over an open file.</summary>
    /// <param name="file">The file; closed with the disk.</param>
    /// <param name="formatWasFound">Whether nobody said that it is raw: see <see cref="Write"/>.</param>
    public RawDisk(IHostFile file, bool formatWasFound)
    {
        _file = file;
        _formatWasFound = formatWasFound;
        _fileLength = file.Length;
        Length = (_fileLength + IDisk.SectorBytes - 1) / IDisk.SectorBytes * IDisk.SectorBytes;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        int read = _file.Read(offset, destination);
        if (read == destination.Length)
        {
            return;
        }

        if (offset + read < _fileLength)
        {
            throw Truncated();
        }

        destination[read..].Clear();
    }

    /// <summary>Writes bytes.</summary>
    /// <remarks>
    /// A guest could turn its raw disk into a qcow2 image that names any file of the host as its backing file, and would see that file at the
    /// next start, if the format is found by the first bytes again. So a disk whose format was found refuses these first bytes.
    /// </remarks>
    /// <param name="offset">The first.</param>
    /// <param name="source">The bytes.</param>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        if (_formatWasFound && offset == 0 && source.StartsWith(Qcow2Header.Magic))
        {
            throw new ImageException($"The guest writes a qcow2 header into the raw disk {_file.Name}: give format=raw if it may do so.");
        }

        if (_file.Length < _fileLength)
        {
            throw Truncated(); // writing would fill the gap with zeros and hide the loss
        }

        _file.Write(offset, source);
        _fileLength = Math.Max(_fileLength, offset + source.Length);
    }

    /// <inheritdoc/>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private IOException Truncated() => new($"{_file.Name} has become shorter than it was at the start.");
}
