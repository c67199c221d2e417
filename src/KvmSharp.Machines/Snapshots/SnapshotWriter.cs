using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace KvmSharp.Machines;

/// <summary>Writes a snapshot's sections to a stream, front to back.</summary>
internal sealed class SnapshotWriter : IDisposable
{
    private readonly Stream _stream;
    private readonly IncrementalHash? _hash;

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Where to.</param>
    /// <param name="summed">Whether a checksum ends it; not for bytes that never leave the process.</param>
    public SnapshotWriter(Stream stream, bool summed = true)
    {
        _stream = stream;
        _hash = summed ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        Span<byte> header = stackalloc byte[SnapshotFormat.HeaderBytes];
        header.Clear();
        SnapshotFormat.Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt32LittleEndian(header[SnapshotFormat.Magic.Length..], SnapshotFormat.Version);
        Put(header);
    }

    /// <summary>Writes a section whose contents are written field by field.</summary>
    /// <param name="name">The name.</param>
    /// <param name="fill">Writes the payload.</param>
    public void Write(string name, Action<BinaryWriter> fill)
    {
        using var payload = new MemoryStream();
        using var fields = new BinaryWriter(payload, Encoding.UTF8);
        fill(fields);
        fields.Flush();
        Write(name, payload.GetBuffer().AsSpan(0, (int)payload.Length));
    }

    /// <summary>Writes a section.</summary>
    /// <param name="name">The name.</param>
    /// <param name="payload">Its contents.</param>
    public void Write(string name, ReadOnlySpan<byte> payload)
    {
        PutFrame(name, payload.Length);
        Put(payload);
    }

    /// <summary>Writes the end section, if there is to be a checksum.</summary>
    public void Finish()
    {
        if (_hash is not null)
        {
            PutFrame(SnapshotFormat.End, SHA256.HashSizeInBytes);
            _stream.Write(_hash.GetHashAndReset());
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _hash?.Dispose();

    private void PutFrame(string name, int length)
    {
        if (length > SnapshotFormat.LargestSection)
        {
            throw new SnapshotException($"The machine's part \"{name}\" has {length} bytes, more than a snapshot takes.");
        }

        Span<byte> frame = stackalloc byte[SnapshotFormat.FrameBytes + byte.MaxValue];
        frame[0] = (byte)Encoding.ASCII.GetBytes(name, frame[1..]);
        BinaryPrimitives.WriteInt32LittleEndian(frame[(1 + frame[0])..], length);
        Put(frame[..(SnapshotFormat.FrameBytes + frame[0])]);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _hash?.AppendData(bytes);
        _stream.Write(bytes);
    }
}
