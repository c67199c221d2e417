namespace KvmSharp.Machines;

/// <summary>Where the bytes of one cluster of the disk are: an L2 entry, taken apart.</summary>
/// <remarks>
/// <code>
///  63  62  61        56 55                                       9 8      1  0
/// +---+---+------------+------------------------------------------+--------+---+
/// | C | 0 |     0      |  host offset, a multiple of the cluster  |   0    | Z |  standard; offset 0: not allocated
/// | 0 | 1 |  sectors - 1 (x and up)   |   host offset (below x)               |  compressed, x = 62 - (cluster bits - 8)
/// +---+---+-------------------------------------------------------------------+
/// C: the refcount is 1, writing in place harms nobody     Z: reads as zeros (version 3)
/// </code>
/// Source: QEMU docs/interop/qcow2, "Cluster mapping".
/// </remarks>
/// <param name="Kind">What the entry says.</param>
/// <param name="Offset">The host offset in bytes: for compressed data any byte, else a cluster's first.</param>
/// <param name="Bytes">How many bytes of the file compressed data may take; else 0.</param>
/// <param name="IsOwn">Whether only this entry refers to the host cluster.</param>
internal readonly record struct Qcow2Cluster(Qcow2ClusterKind Kind, long Offset, int Bytes, bool IsOwn)
{
    /// <summary>The bits of an L1 or L2 entry that are an offset.</summary>
    public const ulong OffsetMask = 0x00FF_FFFF_FFFF_FE00;

    /// <summary>The bit of an L1 or L2 entry that says that the refcount is 1.</summary>
    public const ulong Copied = 1UL << 63;

    private const ulong CompressedFlag = 1UL << 62;
    private const ulong ZeroFlag = 1;
    private const int CompressedSectorBytes = 512;

    /// <summary>Takes an entry apart.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="clusterBits">The binary logarithm of the cluster size.</param>
    /// <returns>Its parts.</returns>
    public static Qcow2Cluster Decode(ulong entry, int clusterBits)
    {
        if ((entry & CompressedFlag) != 0)
        {
            int offsetBits = 62 - (clusterBits - 8);
            var offset = (long)(entry & ((1UL << offsetBits) - 1));
            int sectors = (int)((entry & (CompressedFlag - 1)) >> offsetBits) + 1;
            return new Qcow2Cluster(Qcow2ClusterKind.Compressed, offset, (sectors * CompressedSectorBytes) - (int)(offset % CompressedSectorBytes), IsOwn: false);
        }

        var host = (long)(entry & OffsetMask);
        Qcow2ClusterKind kind = (entry & ZeroFlag) != 0 ? Qcow2ClusterKind.Zero : host == 0 ? Qcow2ClusterKind.Unallocated : Qcow2ClusterKind.Data;
        return new Qcow2Cluster(kind, host, 0, (entry & Copied) != 0);
    }
}

/// <summary>The kinds of L2 entries.</summary>
internal enum Qcow2ClusterKind
{
    /// <summary>The backing file has the bytes; without one they are zeros.</summary>
    Unallocated,

    /// <summary>Zeros, whatever the backing file has. A host cluster may be kept for later.</summary>
    Zero,

    /// <summary>The bytes are in a host cluster.</summary>
    Data,

    /// <summary>The bytes are compressed, somewhere in one or two host clusters.</summary>
    Compressed,
}
