namespace KvmSharp.Machines;

/// <summary>A qcow2 image, version 2 or 3: clusters that are allocated when they are first written, above a backing image if it names one.</summary>
/// <remarks>
/// Killing the process between any two writes leaves an image without errors, because each write of guest data that needs a cluster goes:
/// refcount, data, L2 entry, and only then the refcounts of what was there before. Clusters that a snapshot shares are never written in place.
/// Source: QEMU docs/interop/qcow2.
/// </remarks>
internal sealed class Qcow2Disk : IDiskLayer
{
    private const int MostClustersAtOnce = 64;

    private readonly IHostFile _file;
    private readonly Qcow2Header _header;
    private readonly IDiskLayer? _backing;
    private readonly Qcow2Refcounts? _refcounts;
    private readonly Qcow2Mapping _mapping;
    private readonly Qcow2Decompressor _decompressor;
    private readonly byte[] _cluster;
    private bool _autoclearPending;

    /// <summary>Takes over an open image.</summary>
    /// <param name="file">The file; closed with the disk.</param>
    /// <param name="header">Its header.</param>
    /// <param name="backing">The image below, opened for reading; closed with the disk.</param>
    public Qcow2Disk(IHostFile file, Qcow2Header header, IDiskLayer? backing)
    {
        _file = file;
        _header = header;
        _backing = backing;
        _refcounts = file.IsReadOnly ? null : new Qcow2Refcounts(file, header);
        _mapping = new Qcow2Mapping(file, header, _refcounts);
        _decompressor = new Qcow2Decompressor(file, header);
        _cluster = new byte[header.ClusterBytes];
        _autoclearPending = header.HasAutoclearFeatures;
    }

    /// <inheritdoc/>
    public long Length => _header.Size;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            long number = offset >> _header.ClusterBits;
            Qcow2Cluster cluster = _mapping.Find(number);
            int within = (int)(offset & (_header.ClusterBytes - 1));
            int count = Math.Min(destination.Length, _header.ClusterBytes - within);
            while (count < destination.Length && Continues(cluster, number, offset + count))
            {
                count += Math.Min(destination.Length - count, _header.ClusterBytes);
            }

            Span<byte> part = destination[..count];
            switch (cluster.Kind)
            {
                case Qcow2ClusterKind.Data:
                    ReadData(cluster.Offset + within, part);
                    break;
                case Qcow2ClusterKind.Compressed:
                    _decompressor.Get(cluster).Slice(within, count).CopyTo(part);
                    break;
                case Qcow2ClusterKind.Zero:
                    part.Clear();
                    break;
                default:
                    ReadBacking(offset, part);
                    break;
            }

            offset += count;
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        ClearAutoclearFeatures();
        while (source.Length > 0)
        {
            long number = offset >> _header.ClusterBits;
            int within = (int)(offset & (_header.ClusterBytes - 1));
            _mapping.PrepareTable(number);
            int written = _mapping.Find(number) is { Kind: Qcow2ClusterKind.Data, IsOwn: true } own
                ? WriteInPlace(own.Offset, within, source)
                : WriteToNewClusters(number, within, source);
            offset += written;
            source = source[written..];
        }
    }

    /// <inheritdoc/>
    public void Flush() => _file.Flush();

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _backing?.Dispose();
    }

    // Whether the cluster at an offset on the disk can be read together with the ones before it.
    private bool Continues(Qcow2Cluster first, long firstNumber, long offset)
    {
        if (first.Kind == Qcow2ClusterKind.Compressed)
        {
            return false;
        }

        long number = offset >> _header.ClusterBits;
        Qcow2Cluster next = _mapping.Find(number);
        return next.Kind == first.Kind && (next.Kind != Qcow2ClusterKind.Data || next.Offset == first.Offset + ((number - firstNumber) << _header.ClusterBits));
    }

    // The file may end inside its last cluster; the rest of that reads as zeros.
    private void ReadData(long offset, Span<byte> destination)
    {
        int read = _file.Read(offset, destination);
        if (read < destination.Length)
        {
            long clusters = (_file.Length + _header.ClusterBytes - 1) >> _header.ClusterBits;
            if (offset + destination.Length > clusters << _header.ClusterBits)
            {
                throw Qcow2Header.Damaged(_file, "a cluster lies beyond the end of the file");
            }

            destination[read..].Clear();
        }
    }

    private void ReadBacking(long offset, Span<byte> destination)
    {
        int below = (int)Math.Clamp((_backing?.Length ?? 0) - offset, 0, destination.Length);
        if (below > 0)
        {
            _backing!.Read(offset, destination[..below]);
        }

        destination[below..].Clear();
    }

    private int WriteInPlace(long host, int within, ReadOnlySpan<byte> source)
    {
        if (_refcounts!.IsFixed(host) || host >= _file.Length)
        {
            throw Qcow2Header.Damaged(_file, "an L2 entry is not an offset of data");
        }

        int count = Math.Min(source.Length, _header.ClusterBytes - within);
        _file.Write(host + within, source[..count]);
        return count;
    }

    // As many clusters as one run of host clusters takes. What the write covers only in part is filled up with what was there.
    private int WriteToNewClusters(long number, int within, ReadOnlySpan<byte> source)
    {
        long touched = ((long)within + source.Length + _header.ClusterBytes - 1) >> _header.ClusterBits;
        int wanted = _mapping.InSameTable(number, Math.Min(touched, MostClustersAtOnce));
        int count = 1;
        while (count < wanted && _mapping.Find(number + count) is not { Kind: Qcow2ClusterKind.Data, IsOwn: true })
        {
            count++;
        }

        Span<Qcow2Cluster> old = stackalloc Qcow2Cluster[count];
        long host = _refcounts!.Allocate(count, out count);
        int written = Math.Min(source.Length, (count << _header.ClusterBits) - within);
        try
        {
            for (int i = 0; i < count; i++)
            {
                old[i] = _mapping.Find(number + i);
            }

            WriteFilledUp(number, host, within, source[..written]);
        }
        catch
        {
            _refcounts.Release(host, (long)count << _header.ClusterBits);
            throw;
        }

        _mapping.Map(number, count, host);
        foreach (Qcow2Cluster cluster in old[..count])
        {
            if (cluster.Kind == Qcow2ClusterKind.Compressed || cluster.Offset != 0)
            {
                _refcounts.Release(cluster.Offset, Math.Max(cluster.Bytes, 1));
            }
        }

        return written;
    }

    // Writes whole clusters from host on: first the one that begins in part, then whole ones, then the one that ends in part.
    private void WriteFilledUp(long number, long host, int within, ReadOnlySpan<byte> source)
    {
        if (within > 0 || source.Length < _header.ClusterBytes)
        {
            int head = Math.Min(source.Length, _header.ClusterBytes - within);
            WriteMerged(number, host, within, source[..head]);
            number++;
            host += _header.ClusterBytes;
            source = source[head..];
        }

        int whole = source.Length & -_header.ClusterBytes;
        if (whole > 0)
        {
            _file.Write(host, source[..whole]);
        }

        if (whole < source.Length)
        {
            WriteMerged(number + (whole >> _header.ClusterBits), host + whole, 0, source[whole..]);
        }
    }

    private void WriteMerged(long number, long host, int within, ReadOnlySpan<byte> part)
    {
        long start = number << _header.ClusterBits;
        int onDisk = (int)Math.Min(_header.ClusterBytes, Length - start);
        Read(start, _cluster.AsSpan(0, onDisk));
        _cluster.AsSpan(onDisk).Clear();
        part.CopyTo(_cluster.AsSpan(within));
        _file.Write(host, _cluster);
    }

    // Bits that we do not keep up to date, the one for dirty bitmaps among them, must be gone before the first change.
    private void ClearAutoclearFeatures()
    {
        if (_autoclearPending)
        {
            _file.Write(Qcow2Header.AutoclearFeatures, new byte[sizeof(ulong)]);
            _autoclearPending = false;
        }
    }
}
