namespace KvmSharp.Machines.Tests;

/// <summary>A host file in memory that can be full, that remembers its writes, and that counts what is asked of it.</summary>
internal sealed class MemoryFile(byte[] bytes) : IHostFile
{
    private const int Full = 28; // ENOSPC

    private byte[] _bytes = bytes;

    public string Name => "memory";

    public bool IsReadOnly { get; init; }

    public long Length { get; private set; } = bytes.Length;

    /// <summary>Gets the writes, in order.</summary>
    public List<(long Offset, byte[] Bytes)> Writes { get; } = [];

    /// <summary>Gets or sets the length at which the disk of this file is full.</summary>
    public long Limit { get; set; } = 256 << 20;

    public int Flushes { get; private set; }

    public long Reads { get; private set; }

    public byte[] ToArray() => _bytes.AsSpan(0, (int)Length).ToArray();

    public int Read(long offset, Span<byte> destination)
    {
        Reads++;
        int count = (int)Math.Clamp(Length - offset, 0, destination.Length);
        if (count > 0)
        {
            _bytes.AsSpan((int)offset, count).CopyTo(destination);
        }

        return count;
    }

    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        if (IsReadOnly)
        {
            throw new UnauthorizedAccessException("a write to a file for reading");
        }

        long end = offset + source.Length;
        if (end > Limit)
        {
            throw new IOException("No space left on device", Full);
        }

        if (end > _bytes.Length)
        {
            Array.Resize(ref _bytes, (int)Math.Max(end, 2L * _bytes.Length));
        }

        Length = Math.Max(Length, end);
        source.CopyTo(_bytes.AsSpan((int)offset));
        Writes.Add((offset, source.ToArray()));
    }

    public void Truncate(long length)
    {
        _bytes.AsSpan((int)length, (int)(Length - length)).Clear();
        Length = length;
    }

    public void Flush() => Flushes++;

    public void Dispose()
    {
    }
}
