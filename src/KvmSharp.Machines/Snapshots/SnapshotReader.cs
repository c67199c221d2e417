using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Reads a snapshot: checks all of it first, then gives its sections one by one.</summary>
/// <remarks>Nothing larger than a section is ever allocated, and no section before the file is known to have that many bytes.</remarks>
internal sealed class SnapshotReader
{
    private const int ChunkBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly long _end; // of the last section before the end section

    /// <summary>Checks frame and checksum.</summary>
    /// <param name="stream">The snapshot, from its present position to its end; it must be able to seek.</param>
    /// <param name="verify">Whether the checksum is looked at, for which all is read once.</param>
    /// <exception cref="SnapshotException">It is no snapshot, of another version, truncated or damaged.</exception>
    public SnapshotReader(Stream stream, bool verify = true)
    {
        _stream = stream;
        long start = stream.Position;
        Span<byte> header = stackalloc byte[SnapshotFormat.HeaderBytes];
        if (stream.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !header.StartsWith(SnapshotFormat.Magic))
        {
            throw new SnapshotException("This is no snapshot of KvmSharp: its first bytes say something else.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[SnapshotFormat.Magic.Length..]);
        if (version != SnapshotFormat.Version)
        {
            throw new SnapshotException($"The snapshot has format version {version}, and this KvmSharp reads version {SnapshotFormat.Version}: restore it with the KvmSharp that wrote it.");
        }

        _end = verify ? Verify(start) : stream.Length;
        stream.Position = start + header.Length;
    }

    /// <summary>Reads the next section.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="payload">Its contents.</param>
    /// <returns><see langword="false"/> when there is none.</returns>
    public bool TryRead(out string name, out byte[] payload)
    {
        name = string.Empty;
        payload = [];
        if (_stream.Position >= _end)
        {
            return false;
        }

        int nameBytes = _stream.ReadByte();
        Span<byte> frame = stackalloc byte[byte.MaxValue + sizeof(uint)];
        frame = frame[..(nameBytes + sizeof(uint))];
        _stream.ReadExactly(frame);
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(frame[nameBytes..]);
        if (length > SnapshotFormat.LargestSection || length > _end - _stream.Position)
        {
            throw new SnapshotException($"The snapshot is damaged: a section claims {length} bytes.");
        }

        name = Encoding.ASCII.GetString(frame[..nameBytes]);
        payload = new byte[length];
        _stream.ReadExactly(payload);
        return true;
    }

    // The end section has a fixed length, so the checksum's place is known.
    private long Verify(long start)
    {
        int endBytes = SnapshotFormat.FrameBytes + SnapshotFormat.End.Length + SHA256.HashSizeInBytes;
        long end = _stream.Length - endBytes;
        if (end < start + SnapshotFormat.HeaderBytes)
        {
            throw Damaged();
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = new byte[ChunkBytes];
        _stream.Position = start;
        for (long left = _stream.Length - SHA256.HashSizeInBytes - start; left > 0;)
        {
            Span<byte> part = chunk.AsSpan(0, (int)Math.Min(left, chunk.Length));
            _stream.ReadExactly(part);
            hash.AppendData(part);
            left -= part.Length;
        }

        Span<byte> expected = stackalloc byte[SHA256.HashSizeInBytes];
        _stream.ReadExactly(expected);
        return expected.SequenceEqual(hash.GetHashAndReset()) ? end : throw Damaged();
    }

    private static SnapshotException Damaged() => new("The snapshot is damaged or was cut short: its checksum does not fit. Take another copy of it.");
}
