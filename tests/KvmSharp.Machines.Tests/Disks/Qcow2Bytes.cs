using System.Buffers.Binary;

namespace KvmSharp.Machines.Tests;

/// <summary>Builds small qcow2 images of any geometry in memory, and does to them what other programs do.</summary>
internal static class Qcow2Bytes
{
    /// <summary>An empty image: header, refcount table, one refcount block, L1 table.</summary>
    public static byte[] Create(long size, int clusterBits, int refcountOrder = 4, int version = 3)
    {
        int cluster = 1 << clusterBits;
        long l2Covers = (long)cluster * (cluster / 8);
        int l1Entries = (int)((size + l2Covers - 1) / l2Covers);
        int clusters = 3 + (((l1Entries * 8) + cluster - 1) / cluster);
        var image = new byte[clusters * cluster];
        new byte[] { 0x51, 0x46, 0x49, 0xFB }.CopyTo(image, 0);
        UInt32(image, 4, version);
        UInt32(image, 20, clusterBits);
        UInt64(image, 24, size);
        UInt32(image, 36, l1Entries);
        UInt64(image, 40, 3 * cluster);
        UInt64(image, 48, cluster);
        UInt32(image, 56, 1);
        if (version == 3)
        {
            UInt32(image, 96, refcountOrder);
            UInt32(image, 100, 104);
        }

        UInt64(image, cluster, 2 * cluster);
        var block = new RefcountBlock(refcountOrder);
        for (int i = 0; i < clusters; i++)
        {
            block.Set(image.AsSpan(2 * cluster, cluster), i, 1);
        }

        return image;
    }

    /// <summary>Takes a snapshot as the specification says: a copy of L1, one more reference to all that it reaches, COPIED off.</summary>
    public static byte[] WithSnapshot(byte[] image)
    {
        int cluster = 1 << (int)U32(image, 20);
        int l1Entries = (int)U32(image, 36);
        int l1 = (int)U64(image, 40);
        int first = (image.Length + cluster - 1) / cluster;
        int l1Clusters = ((l1Entries * 8) + cluster - 1) / cluster;
        Array.Resize(ref image, (first + l1Clusters + 1) * cluster);
        for (int i = 0; i <= l1Clusters; i++)
        {
            AddReference(image, (long)(first + i) * cluster);
        }

        for (int i = 0; i < l1Entries; i++)
        {
            Share(image, l1 + (8 * i), cluster);
            int l2 = (int)(U64(image, l1 + (8 * i)) & Qcow2Cluster.OffsetMask);
            for (int j = 0; l2 != 0 && j < cluster / 8; j++)
            {
                Share(image, l2 + (8 * j), cluster);
            }
        }

        image.AsSpan(l1, l1Entries * 8).CopyTo(image.AsSpan(first * cluster));
        int table = (first + l1Clusters) * cluster;
        UInt64(image, table, (long)first * cluster);
        UInt32(image, table + 8, l1Entries);
        BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(table + 12), 1); // ID "1", name "s"
        BinaryPrimitives.WriteUInt16BigEndian(image.AsSpan(table + 14), 1);
        UInt32(image, table + 36, 16); // extra data: size of the VM state, size of the disk
        image.AsSpan(24, 8).CopyTo(image.AsSpan(table + 48));
        image[table + 56] = (byte)'1';
        image[table + 57] = (byte)'s';
        UInt32(image, 60, 1);
        UInt64(image, 64, table);
        return image;
    }

    /// <summary>Gives the image with its snapshot's L1 table as the active one: what the snapshot's disk reads.</summary>
    public static byte[] Snapshot(byte[] image)
    {
        byte[] copy = [.. image];
        copy.AsSpan((int)U64(image, 64), 8).CopyTo(copy.AsSpan(40));
        return copy;
    }

    public static uint U32(byte[] image, long at) => BinaryPrimitives.ReadUInt32BigEndian(image.AsSpan((int)at));

    public static ulong U64(byte[] image, long at) => BinaryPrimitives.ReadUInt64BigEndian(image.AsSpan((int)at));

    public static void UInt32(byte[] image, int at, int value) => BinaryPrimitives.WriteInt32BigEndian(image.AsSpan(at), value);

    public static void UInt64(byte[] image, int at, long value) => BinaryPrimitives.WriteInt64BigEndian(image.AsSpan(at), value);

    private static void Share(byte[] image, int at, int cluster)
    {
        ulong entry = U64(image, at);
        if ((entry & Qcow2Cluster.OffsetMask) != 0)
        {
            AddReference(image, (long)(entry & Qcow2Cluster.OffsetMask));
            UInt64(image, at, (long)(entry & ~Qcow2Cluster.Copied));
        }
    }

    private static void AddReference(byte[] image, long offset)
    {
        int cluster = 1 << (int)U32(image, 20);
        var format = new RefcountBlock((int)U32(image, 96));
        long number = offset / cluster;
        long block = (long)U64(image, (long)U64(image, 48) + (number / format.Entries(cluster) * 8));
        Span<byte> bytes = image.AsSpan((int)block, cluster);
        int index = (int)(number % format.Entries(cluster));
        format.Set(bytes, index, format.Get(bytes, index) + 1);
    }
}
