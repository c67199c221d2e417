using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>Which clusters of the file are in use, and by how many: allocates and releases them.</summary>
/// <remarks>
/// Everything is written at once, and in this order: first a cluster's refcount rises, then someone may refer to it; first the last reference
/// goes, then the refcount falls. A process that is killed between two writes leaves clusters that nobody uses, never one that is used and free.
/// </remarks>
internal sealed class Qcow2Refcounts
{
    private const int EntryBytes = 8;
    private const long LargestOffset = 1L << 56; // an L2 entry cannot express more
    private const int PatienceBlocks = 16;

    private readonly IHostFile _file;
    private readonly Qcow2Header _header;
    private readonly RefcountBlock _format;
    private readonly TableCache _blocks;
    private readonly int _blockEntries;
    private ulong[] _table;
    private long _tableOffset;
    private long _lowestFree; // no cluster below it is free

    /// <summary>Reads the refcount table.</summary>
    /// <param name="file">The image.</param>
    /// <param name="header">Its header.</param>
    public Qcow2Refcounts(IHostFile file, Qcow2Header header)
    {
        _file = file;
        _header = header;
        _format = new RefcountBlock(header.RefcountOrder);
        _blocks = new TableCache(file, header.ClusterBytes);
        _blockEntries = _format.Entries(header.ClusterBytes);
        _tableOffset = header.RefcountTableOffset;
        _table = BigEndianTable.Read(file, _tableOffset, header.RefcountTableBytes / EntryBytes);
    }

    /// <summary>Allocates neighbouring clusters: one at least, and as many more as are free behind it.</summary>
    /// <param name="wanted">The most that are of use.</param>
    /// <param name="count">How many it became.</param>
    /// <returns>The host offset of the first. What the clusters hold is undefined.</returns>
    public long Allocate(int wanted, out int count)
    {
        (long cluster, byte[] block) = FindFree();
        int index = (int)(cluster % _blockEntries);
        count = 1;
        while (count < wanted && index + count < _blockEntries && _format.Get(block, index + count) == 0 && !IsFixed((cluster + count) << _header.ClusterBits))
        {
            count++;
        }

        Fill(cluster, count, 1);
        _lowestFree = cluster + count;
        return cluster << _header.ClusterBits;
    }

    /// <summary>Takes away one reference to each cluster that a range of bytes touches.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="bytes">The number of bytes.</param>
    public void Release(long offset, long bytes)
    {
        long last = (offset + bytes - 1) >> _header.ClusterBits;
        for (long cluster = offset >> _header.ClusterBits; cluster <= last; cluster++)
        {
            ulong references = Get(cluster);
            if (references == 0)
            {
                continue; // the image was wrong about it before; then at least it is not made worse
            }

            Fill(cluster, 1, references - 1);
            if (references == 1)
            {
                _lowestFree = Math.Min(_lowestFree, cluster);
            }
        }
    }

    /// <summary>Tells whether a cluster belongs to the header or to one of the two tables that never move: no guest data may be there.</summary>
    /// <param name="offset">The cluster's host offset.</param>
    /// <returns>Whether it does.</returns>
    public bool IsFixed(long offset) =>
        offset < _header.ClusterBytes
        || Overlaps(offset, _header.L1Offset, _header.L1Bytes)
        || Overlaps(offset, _tableOffset, (long)_table.Length * EntryBytes);

    private bool Overlaps(long offset, long start, long bytes) => offset + _header.ClusterBytes > start && offset < start + bytes;

    private (long Cluster, byte[] Block) FindFree()
    {
        // Past the file's end nearly everything is free; an image that says otherwise for long is not worth the search.
        long end = (_file.Length >> _header.ClusterBits) + ((long)PatienceBlocks * _blockEntries);
        while (_lowestFree <= end && _lowestFree << _header.ClusterBits < LargestOffset)
        {
            long slot = _lowestFree / _blockEntries;
            if (slot >= _table.Length)
            {
                GrowTable(slot);
                continue;
            }

            if (_table[slot] == 0)
            {
                AddBlock(slot);
            }

            byte[] block = Block(slot);
            for (int index = (int)(_lowestFree % _blockEntries); index < _blockEntries; index++, _lowestFree++)
            {
                if (_format.Get(block, index) == 0)
                {
                    return !IsFixed(_lowestFree << _header.ClusterBits)
                        ? (_lowestFree, block)
                        : throw Qcow2Header.Damaged(_file, "a table's cluster counts as free");
                }
            }
        }

        throw Qcow2Header.Damaged(_file, "clusters beyond its end count as used");
    }

    // A slot without a block means that none of its clusters is used, so the first of them can become the block.
    private void AddBlock(long slot)
    {
        long offset = (slot * _blockEntries) << _header.ClusterBits;
        if (IsFixed(offset))
        {
            throw Qcow2Header.Damaged(_file, "a table's cluster counts as free");
        }

        var block = new byte[_header.ClusterBytes];
        _format.Set(block, 0, 1);
        _file.Write(offset, block);
        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteInt64BigEndian(entry, offset);
        _file.Write(_tableOffset + (slot * EntryBytes), entry);
        _table[slot] = (ulong)offset;
        _blocks.Put(offset, block);
    }

    // The new table and the blocks that count it go behind everything that the old table can count:
    // the first blocks of the new area, then the table. The header's change of 12 bytes makes them valid.
    private void GrowTable(long slot)
    {
        long oldEntries = _table.Length;
        long oldBytes = oldEntries * EntryBytes;
        long entries = slot + 1 + (oldEntries / 2);
        long tableClusters;
        long blocks = 1;
        while (true)
        {
            tableClusters = UnitsFor(Math.Max(entries, oldEntries + blocks) * EntryBytes, _header.ClusterBytes);
            long needed = UnitsFor(blocks + tableClusters, _blockEntries);
            if (needed <= blocks)
            {
                break;
            }

            blocks = needed;
        }

        if (tableClusters << _header.ClusterBits > Qcow2Header.LargestRefcountTableBytes)
        {
            throw new IOException($"{_file.Name} has grown as large as a qcow2 image with its cluster size can.");
        }

        long first = oldEntries * _blockEntries;
        var table = new ulong[tableClusters * (_header.ClusterBytes / EntryBytes)];
        _table.CopyTo(table, 0);
        var block = new byte[_header.ClusterBytes];
        for (long b = 0; b < blocks; b++)
        {
            Array.Clear(block);
            for (int i = 0; i < _blockEntries && (b * _blockEntries) + i < blocks + tableClusters; i++)
            {
                _format.Set(block, i, 1);
            }

            long offset = (first + b) << _header.ClusterBits;
            _file.Write(offset, block);
            _blocks.Drop(offset);
            table[oldEntries + b] = (ulong)offset;
        }

        long tableOffset = (first + blocks) << _header.ClusterBits;
        BigEndianTable.Write(_file, tableOffset, table);
        Span<byte> fields = stackalloc byte[12];
        BinaryPrimitives.WriteInt64BigEndian(fields, tableOffset);
        BinaryPrimitives.WriteInt32BigEndian(fields[8..], (int)tableClusters);
        _file.Write(Qcow2Header.RefcountTableFields, fields);
        long oldOffset = _tableOffset;
        (_table, _tableOffset) = (table, tableOffset);
        Release(oldOffset, oldBytes);
    }

    private ulong Get(long cluster)
    {
        long slot = cluster / _blockEntries;
        return slot >= _table.Length || _table[slot] == 0 ? 0 : _format.Get(Block(slot), (int)(cluster % _blockEntries));
    }

    // All clusters lie in one block.
    private void Fill(long cluster, int count, ulong references)
    {
        long slot = cluster / _blockEntries;
        int index = (int)(cluster % _blockEntries);
        byte[] block = Block(slot);
        for (int i = 0; i < count; i++)
        {
            _format.Set(block, index + i, references);
        }

        try
        {
            Range bytes = _format.BytesOf(index, count);
            _file.Write((long)_table[slot] + bytes.Start.Value, block.AsSpan(bytes));
        }
        catch
        {
            _blocks.Drop((long)_table[slot]); // the file has the truth
            throw;
        }
    }

    private byte[] Block(long slot)
    {
        ulong offset = _table[slot];
        return offset < LargestOffset && !IsFixed((long)offset) ? _blocks.Get((long)offset) : throw Qcow2Header.Damaged(_file, "a refcount block is not where one can be");
    }

    private static long UnitsFor(long amount, long unit) => (amount + unit - 1) / unit;
}
