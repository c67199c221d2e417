using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>A machine's disk, of which forks of the machine can have their own: writes on either side are not seen on the other.</summary>
/// <remarks>
/// A fork's changes go to a layer of its own above this disk's contents at the fork. Those are kept for it: before a block is written here, what
/// it held goes to a <see cref="View"/> that all forks since the last write share. Forks may run on other threads, and outlive this machine.
/// </remarks>
internal sealed class ForkableDisk(IDisk disk) : IDisk, IDisposable
{
    private const int BlockSectors = DiscardLayer.BlockBytes / IDisk.SectorBytes;

    private readonly Lock _gate = new();
    private View? _newest; // null when no fork is there, or none looks on
    private int _users = 1;
    private byte[]? _block;

    /// <summary>Gets the disk itself.</summary>
    public IDisk Disk => disk;

    /// <inheritdoc/>
    public long SectorCount => disk.SectorCount;

    /// <inheritdoc/>
    public bool IsReadOnly => disk.IsReadOnly;

    /// <inheritdoc/>
    public DiskResult Read(long sector, Span<byte> destination)
    {
        lock (_gate)
        {
            return disk.Read(sector, destination);
        }
    }

    /// <inheritdoc/>
    public DiskResult Write(long sector, ReadOnlySpan<byte> source)
    {
        lock (_gate)
        {
            if (_newest is { } view && !IsReadOnly && TryKeep(view, sector, source.Length / IDisk.SectorBytes) is not DiskResult.Done and var failure)
            {
                return failure;
            }

            return disk.Write(sector, source);
        }
    }

    /// <inheritdoc/>
    public DiskResult Flush()
    {
        lock (_gate)
        {
            return disk.Flush();
        }
    }

    /// <summary>Makes the disk of a fork of the machine, which does not run.</summary>
    /// <returns>A disk with the same contents.</returns>
    public ForkableDisk Fork()
    {
        lock (_gate)
        {
            if (_newest is null or { HasBlocks: true })
            {
                var next = new View(this);
                _newest?.Newer = next;
                _newest = next;
            }

            _users++;
            var image = disk as DiskImage;
            DiskSpec spec = (image?.Spec ?? new DiskSpec("a disk in memory")) with { Writes = IsReadOnly ? DiskWrites.Refused : DiskWrites.Discarded, OverlayPath = null };
            var contents = new Contents(this, _newest);
            return new ForkableDisk(new DiskImage(IsReadOnly ? contents : new DiscardLayer(contents), spec, image?.Format ?? DiskFormat.Raw, report: null) { Base = image?.Base });
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Release();

    private void Release()
    {
        lock (_gate)
        {
            _users--;
            if (_users == 1)
            {
                _newest = null; // the last fork has gone, or this machine has and one fork is left, which is all that looks on
            }

            if (_users == 0)
            {
                (disk as DiskImage)?.Dispose(); // others are the embedder's
            }
        }
    }

    private DiskResult TryKeep(View view, long sector, int count)
    {
        long end = Math.Min(sector + count, SectorCount);
        for (long block = sector / BlockSectors; block * BlockSectors < end && sector >= 0; block++)
        {
            if (view.Has(block))
            {
                continue;
            }

            long first = block * BlockSectors;
            Span<byte> bytes = (_block ??= new byte[DiscardLayer.BlockBytes]).AsSpan(0, (int)Math.Min(BlockSectors, SectorCount - first) * IDisk.SectorBytes);
            DiskResult result = disk.Read(first, bytes);
            if (result != DiskResult.Done)
            {
                return result;
            }

            try
            {
                view.Keep(block, bytes);
            }
            catch (Exception e) when (HostErrors.IsDiskFailure(e))
            {
                return HostErrors.ToResult(e);
            }
        }

        return DiskResult.Done;
    }

    /// <summary>What the disk held at some time: blocks that were written since are kept here, in newer views, or are still on the disk.</summary>
    private sealed class View(ForkableDisk owner)
    {
        private DiscardLayer? _kept;

        public View? Newer { get; set; }

        public bool HasBlocks => _kept is not null;

        public bool Has(long block) => _kept?.Holds(block) ?? false;

        public void Keep(long block, ReadOnlySpan<byte> bytes) => (_kept ??= new DiscardLayer(new Below(this))).Write(block * DiscardLayer.BlockBytes, bytes);

        public void Read(long offset, Span<byte> destination)
        {
            if (_kept is { } kept)
            {
                kept.Read(offset, destination);
            }
            else
            {
                ReadBelow(offset, destination);
            }
        }

        public void CollectChanged(ISet<long> blocks)
        {
            _kept?.CollectOwn(blocks);
            if (Newer is { } newer)
            {
                newer.CollectChanged(blocks);
            }
            else if (owner.Disk is DiskImage image)
            {
                image.CollectChanged(blocks);
            }
        }

        private void ReadBelow(long offset, Span<byte> destination)
        {
            if (Newer is { } newer)
            {
                newer.Read(offset, destination);
            }
            else if (owner.Disk.Read(offset / IDisk.SectorBytes, destination) is not DiskResult.Done and var failure)
            {
                throw new IOException($"The disk that a fork shares could not be read: {failure}.");
            }
        }

        private sealed class Below(View view) : IDiskLayer
        {
            public long Length => view.OwnerLength;

            public void Read(long offset, Span<byte> destination) => view.ReadBelow(offset, destination);

            public void Write(long offset, ReadOnlySpan<byte> source) => throw new NotSupportedException();

            public void Flush()
            {
            }

            public void Dispose()
            {
            }

            public void CollectChanged(ISet<long> blocks)
            {
            }
        }

        private long OwnerLength => owner.SectorCount * IDisk.SectorBytes;
    }

    /// <summary>A view as the lowest layer of a fork's disk.</summary>
    private sealed class Contents(ForkableDisk owner, View view) : IDiskLayer
    {
        private bool _disposed;

        public long Length => owner.SectorCount * IDisk.SectorBytes;

        public void Read(long offset, Span<byte> destination)
        {
            lock (owner._gate)
            {
                view.Read(offset, destination);
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> source) => throw new NotSupportedException("A fork's disk is never written below its own changes.");

        public void Flush()
        {
        }

        public void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                owner.Release();
            }
        }

        public void CollectChanged(ISet<long> blocks)
        {
            lock (owner._gate)
            {
                view.CollectChanged(blocks);
            }
        }
    }
}
