using Iced.Intel;

namespace KvmSharp.Engine;

/// <summary>Feeds Iced from guest memory: straight from one page, or from the joined bytes of two.</summary>
internal sealed unsafe class CodeBytes : CodeReader
{
    private const int MaxInstructionBytes = 15;

    private readonly byte[] _joined = new byte[MaxInstructionBytes];
    private byte* _page;
    private int _position;
    private int _length;

    /// <summary>Reads from a page.</summary>
    /// <param name="start">The first byte.</param>
    /// <param name="length">Bytes to the end of the page, or to where reading shall end.</param>
    /// <param name="position">Where reading begins.</param>
    public void Begin(byte* start, int length, int position = 0)
    {
        _page = start;
        _length = length;
        _position = position;
    }

    /// <summary>Reads from bytes that are joined from two pages.</summary>
    /// <param name="first">The bytes of the first page.</param>
    public void BeginJoined(ReadOnlySpan<byte> first)
    {
        _page = null;
        first.CopyTo(_joined);
        _length = first.Length;
        _position = 0;
    }

    /// <summary>Adds the bytes of the second page.</summary>
    /// <param name="second">Its first bytes.</param>
    public void Join(ReadOnlySpan<byte> second)
    {
        second.CopyTo(_joined.AsSpan(_length));
        _length += second.Length;
    }

    /// <summary>Looks at a byte that has been read already.</summary>
    /// <param name="position">Its distance from the first byte.</param>
    /// <returns>The byte.</returns>
    public byte ByteAt(int position) => _page is null ? _joined[position] : _page[position];

    /// <inheritdoc/>
    public override int ReadByte()
    {
        if (_position >= _length)
        {
            return -1;
        }

        int position = _position++;
        return _page is null ? _joined[position] : _page[position];
    }
}
