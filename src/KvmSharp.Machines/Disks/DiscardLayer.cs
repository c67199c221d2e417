namespace KvmSharp.Machines;

/// <summary>Changes above an image that is never written: they go to a temporary file and end with the run.</summary>
/// <remarks>Blocks lie in the file in the order of their first write, so it holds only what was changed, however large the disk is.</remarks>
internal sealed class DiscardLayer(IDiskLayer image) : IDiskLayer
{
    /// <summary>The unit of changes in bytes.</summary>
    public const int BlockBytes = 64 * 1024;

    private readonly Dictionary<long, long> _places = []; // block of the disk -> offset in the file
    private readonly byte[] _block = new byte[BlockBytes];
    private HostFile? _file;

    /// <inheritdoc/>
    public long Length => image.Length;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            int count = WithinBlock(offset, destination.Length);
            if (_places.TryGetValue(offset / BlockBytes, out long place))
            {
                ReadChanged(place + (offset % BlockBytes), destination[..count]);
            }
            else
            {
                while (count < destination.Length && !_places.ContainsKey((offset + count) / BlockBytes))
                {
                    count += WithinBlock(offset + count, destination.Length - count); // one read for all neighbours without changes
                }

                image.Read(offset, destination[..count]);
            }

            offset += count;
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        _file ??= HostFile.CreateTemporary("The temporary file for the disk's changes");
        while (source.Length > 0)
        {
            int count = WithinBlock(offset, source.Length);
            long block = offset / BlockBytes;
            if (_places.TryGetValue(block, out long place))
            {
                _file.Write(place + (offset % BlockBytes), source[..count]);
            }
            else
            {
                AddBlock(block, (int)(offset % BlockBytes), source[..count]);
            }

            offset += count;
            source = source[count..];
        }
    }

    /// <summary>Tells whether a block has changed.</summary>
    /// <param name="block">Its number.</param>
    /// <returns>Whether it has.</returns>
    public bool Holds(long block) => _places.ContainsKey(block);

    /// <summary>Names the blocks that have changed in this layer.</summary>
    /// <param name="blocks">Receives their numbers.</param>
    public void CollectOwn(ISet<long> blocks) => blocks.UnionWith(_places.Keys);

    /// <inheritdoc/>
    public void CollectChanged(ISet<long> blocks)
    {
        CollectOwn(blocks);
        image.CollectChanged(blocks);
    }

    /// <summary>Does nothing: nobody will ask for these bytes after the end.</summary>
    public void Flush()
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        image.Dispose();
    }

    private static int WithinBlock(long offset, int wanted) => (int)Math.Min(wanted, BlockBytes - (offset % BlockBytes));

    private void ReadChanged(long place, Span<byte> destination)
    {
        if (_file!.Read(place, destination) < destination.Length)
        {
            throw new IOException($"{_file.Name} has lost its end.");
        }
    }

    // The last block of the disk may be cut short; its rest is never asked for.
    private void AddBlock(long block, int start, ReadOnlySpan<byte> bytes)
    {
        long first = block * BlockBytes;
        if (bytes.Length < BlockBytes)
        {
            image.Read(first, _block.AsSpan(0, (int)Math.Min(BlockBytes, Length - first)));
        }

        bytes.CopyTo(_block.AsSpan(start));
        long place = _places.Count * (long)BlockBytes;
        _file!.Write(place, _block);
        _places.Add(block, place); // only now: a write that failed changes nothing
    }
}
