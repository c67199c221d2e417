using System.IO.Compression;

namespace KvmSharp.Machines;

/// <summary>Reads compressed clusters: raw deflate streams (RFC 1951) without a zlib header. Keeps the last one.</summary>
internal sealed class Qcow2Decompressor(IHostFile file, Qcow2Header header)
{
    private byte[]? _compressed; // two clusters at most, allocated with the first use
    private byte[]? _bytes;
    private long _offset = -1;

    /// <summary>Gives the bytes of a compressed cluster.</summary>
    /// <param name="cluster">Where it is.</param>
    /// <returns>A whole cluster, until the next call.</returns>
    public ReadOnlySpan<byte> Get(Qcow2Cluster cluster)
    {
        if (cluster.Offset == _offset)
        {
            return _bytes;
        }

        _offset = -1;
        _compressed ??= new byte[2 * header.ClusterBytes];
        _bytes ??= new byte[header.ClusterBytes];
        int length = file.Read(cluster.Offset, _compressed.AsSpan(0, cluster.Bytes)); // the last sector may be cut short by the file's end
        try
        {
            using var stream = new DeflateStream(new MemoryStream(_compressed, 0, length), CompressionMode.Decompress);
            stream.ReadExactly(_bytes);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw Qcow2Header.Damaged(file, "compressed data cannot be read");
        }

        _offset = cluster.Offset;
        return _bytes;
    }
}
