using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>Where each cluster of the disk is in the file: the active L1 table and its L2 tables.</summary>
/// <remarks>Only the L1 table is in memory whole; its size was checked with the header. Every change is in the file before a method returns.</remarks>
internal sealed class Qcow2Mapping
{
    private const int EntryBytes = 8;

    private readonly IHostFile _file;
    private readonly Qcow2Header _header;
    private readonly Qcow2Refcounts? _refcounts;
    private readonly TableCache _tables;
    private readonly ulong[] _l1;
    private readonly int _l2Bits;

    /// <summary>Reads the L1 table.</summary>
    /// <param name="file">The image.</param>
    /// <param name="header">Its header.</param>
    /// <param name="refcounts">What allocates L2 tables; <see langword="null"/> for an image that is only read.</param>
    public Qcow2Mapping(IHostFile file, Qcow2Header header, Qcow2Refcounts? refcounts)
    {
        _file = file;
        _header = header;
        _refcounts = refcounts;
        _tables = new TableCache(file, header.ClusterBytes);
        _l1 = BigEndianTable.Read(file, header.L1Offset, header.L1Entries);
        _l2Bits = header.ClusterBits - 3;
    }

    /// <summary>Tells where a cluster is.</summary>
    /// <param name="cluster">The cluster's number on the disk.</param>
    /// <returns>Its place.</returns>
    public Qcow2Cluster Find(long cluster)
    {
        long table = TableOffset(cluster >> _l2Bits);
        if (table == 0)
        {
            return default;
        }

        ulong entry = BinaryPrimitives.ReadUInt64BigEndian(_tables.Get(table).AsSpan(IndexOf(cluster) * EntryBytes));
        Qcow2Cluster found = Qcow2Cluster.Decode(entry, _header.ClusterBits);
        bool damaged = found.Kind switch
        {
            Qcow2ClusterKind.Zero => _header.Version == 2 || found.Offset % _header.ClusterBytes != 0,
            Qcow2ClusterKind.Data => found.Offset % _header.ClusterBytes != 0,
            _ => false,
        };
        return !damaged ? found : throw Qcow2Header.Damaged(_file, "an L2 entry is not an offset of a cluster");
    }

    /// <summary>Gives the number of clusters from this one on that share its L2 table, at most <paramref name="wanted"/>.</summary>
    /// <param name="cluster">The first cluster.</param>
    /// <param name="wanted">The most that are of use.</param>
    /// <returns>The number.</returns>
    public int InSameTable(long cluster, long wanted) => (int)Math.Min(wanted, (1 << _l2Bits) - IndexOf(cluster));

    /// <summary>Makes sure that a cluster's L2 table exists and belongs to the active disk alone, so that entries can be changed.</summary>
    /// <param name="cluster">The cluster's number on the disk.</param>
    public void PrepareTable(long cluster)
    {
        long index = cluster >> _l2Bits;
        long old = TableOffset(index);
        if (old != 0 && (_l1[index] & Qcow2Cluster.Copied) != 0)
        {
            return;
        }

        byte[] table = old == 0 ? new byte[_header.ClusterBytes] : [.. _tables.Get(old)];
        long offset = _refcounts!.Allocate(1, out _);
        try
        {
            _file.Write(offset, table);
        }
        catch
        {
            _refcounts.Release(offset, 1);
            throw;
        }

        Span<byte> entry = stackalloc byte[EntryBytes];
        BinaryPrimitives.WriteUInt64BigEndian(entry, (ulong)offset | Qcow2Cluster.Copied);
        _file.Write(_header.L1Offset + (index * EntryBytes), entry);
        _l1[index] = (ulong)offset | Qcow2Cluster.Copied;
        _tables.Put(offset, table);
        if (old != 0)
        {
            _refcounts.Release(old, _header.ClusterBytes); // a snapshot keeps it
        }
    }

    /// <summary>Sends neighbouring clusters of one table to neighbouring host clusters that only they use. The table was prepared.</summary>
    /// <param name="cluster">The first cluster's number on the disk.</param>
    /// <param name="count">How many.</param>
    /// <param name="offset">The host offset of the first.</param>
    public void Map(long cluster, int count, long offset)
    {
        long at = TableOffset(cluster >> _l2Bits);
        Span<byte> entries = _tables.Get(at).AsSpan(IndexOf(cluster) * EntryBytes, count * EntryBytes);
        for (int i = 0; i < count; i++)
        {
            ulong entry = (ulong)(offset + ((long)i << _header.ClusterBits)) | Qcow2Cluster.Copied;
            BinaryPrimitives.WriteUInt64BigEndian(entries[(i * EntryBytes)..], entry);
        }

        try
        {
            _file.Write(at + (IndexOf(cluster) * EntryBytes), entries);
        }
        catch
        {
            _tables.Drop(at); // the file has the truth
            throw;
        }
    }

    private int IndexOf(long cluster) => (int)(cluster & ((1L << _l2Bits) - 1));

    private long TableOffset(long l1Index)
    {
        var offset = (long)(_l1[l1Index] & Qcow2Cluster.OffsetMask);
        return offset == 0 || (offset >= _header.ClusterBytes && _refcounts?.IsFixed(offset) != true)
            ? offset
            : throw Qcow2Header.Damaged(_file, "an L2 table is not where one can be");
    }
}
