using System.Buffers.Binary;
using System.IO.Compression;

namespace KvmSharp.Machines;

/// <summary>Up to a mebibyte of pages with their numbers, as one section's payload: compressed, unless that would not make it smaller.</summary>
/// <remarks><code>count 4 | method 1 | page number 4 * count | bytes</code></remarks>
internal sealed class PageChunk
{
    /// <summary>The bytes of a page.</summary>
    public const int PageBytes = (int)PcLayout.PageBytes;

    /// <summary>The most pages in a chunk.</summary>
    public const int MostPages = 256;

    private const int HeaderBytes = sizeof(uint) + 1;
    private const int ProbeBytes = 4 * PageBytes;
    private const byte Stored = 0;
    private const byte Deflated = 1;

    private readonly uint[] _numbers = new uint[MostPages];
    private readonly byte[] _bytes = new byte[MostPages * PageBytes];

    /// <summary>Gets how many pages there are.</summary>
    public int Count { get; private set; }

    /// <summary>Gets a page's number.</summary>
    /// <param name="place">Its place in the chunk.</param>
    /// <returns>The number.</returns>
    public uint Number(int place) => _numbers[place];

    /// <summary>Gets a page's bytes.</summary>
    /// <param name="place">Its place in the chunk.</param>
    /// <returns>The bytes.</returns>
    public Span<byte> Page(int place) => _bytes.AsSpan(place * PageBytes, PageBytes);

    /// <summary>Forgets all pages.</summary>
    public void Clear() => Count = 0;

    /// <summary>Gets the place behind the last page, to be filled before <see cref="Add"/>.</summary>
    /// <returns>A page's bytes.</returns>
    public Span<byte> Next() => Page(Count);

    /// <summary>Adds the page that <see cref="Next"/> gave.</summary>
    /// <param name="number">Its number.</param>
    public void Add(uint number) => _numbers[Count++] = number;

    /// <summary>Makes the payload.</summary>
    /// <returns>The payload.</returns>
    public ReadOnlyMemory<byte> Pack()
    {
        int bytes = Count * PageBytes;
        int start = HeaderBytes + (Count * sizeof(uint));
        using var packed = new MemoryStream(start + bytes);
        PutHeader(packed, start, Deflated);
        bool shrinks = bytes <= ProbeBytes || Deflate(packed, (Count / 2 * PageBytes) - (ProbeBytes / 2), ProbeBytes) - start < WorthIt(ProbeBytes);
        packed.SetLength(start);
        if (!shrinks || Deflate(packed, 0, bytes) - start >= WorthIt(bytes))
        {
            PutHeader(packed, start, Stored);
            packed.Write(_bytes, 0, bytes);
        }

        return packed.GetBuffer().AsMemory(0, (int)packed.Length);
    }

    /// <summary>Takes a payload apart.</summary>
    /// <param name="payload">The payload.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public void Unpack(byte[] payload)
    {
        int count = payload.Length < HeaderBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(payload);
        int start = HeaderBytes + (count * sizeof(uint));
        if (count is < 1 or > MostPages || start > payload.Length || payload[sizeof(uint)] > Deflated)
        {
            throw new InvalidDataException("A chunk of pages is malformed.");
        }

        Count = count;
        for (int place = 0; place < count; place++)
        {
            _numbers[place] = BinaryPrimitives.ReadUInt32LittleEndian(payload.AsSpan(HeaderBytes + (place * sizeof(uint))));
        }

        using var packed = new MemoryStream(payload, start, payload.Length - start);
        using Stream bytes = payload[sizeof(uint)] == Stored ? packed : new DeflateStream(packed, CompressionMode.Decompress);
        bytes.ReadExactly(_bytes, 0, count * PageBytes);
    }

    // Kernels and RAM disks are compressed already; a look into the middle of the chunk saves the time to find out.
    private static int WorthIt(int bytes) => bytes / 16 * 15;

    private long Deflate(MemoryStream packed, int start, int bytes)
    {
        using (var deflate = new DeflateStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            deflate.Write(_bytes, start, bytes);
        }

        return packed.Length;
    }

    private void PutHeader(MemoryStream packed, int start, byte method)
    {
        packed.SetLength(start);
        Span<byte> header = packed.GetBuffer().AsSpan(0, start);
        BinaryPrimitives.WriteInt32LittleEndian(header, Count);
        header[sizeof(uint)] = method;
        for (int place = 0; place < Count; place++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(header[(HeaderBytes + (place * sizeof(uint)))..], _numbers[place]);
        }

        packed.Position = start;
    }
}
