namespace KvmSharp.Devices;

/// <summary>Pieces of guest memory that a driver offers as one run of bytes: the readable or the writable half of a chain.</summary>
/// <remarks>Only the places are kept; whether there is memory shows when bytes are copied. Nothing is allocated after construction.</remarks>
/// <param name="memory">Guest memory.</param>
/// <param name="capacity">The most pieces.</param>
public sealed class GuestBuffers(IGuestMemory memory, int capacity)
{
    private readonly Piece[] _pieces = new Piece[capacity];
    private int _count;
    private int _current;       // the piece that was copied last: mostly the next copy goes on from there
    private long _currentStart; // its position in the run

    /// <summary>Gets the length of the run in bytes.</summary>
    public long Length { get; private set; }

    /// <summary>Copies bytes out of guest memory.</summary>
    /// <param name="position">The first byte's place in the run.</param>
    /// <param name="destination">Receives the bytes.</param>
    /// <returns><see langword="false"/> when the run is shorter or leaves guest memory; then part of the bytes may have been copied.</returns>
    public bool TryRead(long position, Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            if (!TryLocate(position, destination.Length, out ulong address, out int length) || !memory.TryRead(address, destination[..length]))
            {
                return false;
            }

            destination = destination[length..];
            position += length;
        }

        return true;
    }

    /// <summary>Copies bytes into guest memory.</summary>
    /// <param name="position">The first byte's place in the run.</param>
    /// <param name="source">The bytes.</param>
    /// <returns><see langword="false"/> when the run is shorter or leaves guest memory; then part of the bytes may have been copied.</returns>
    public bool TryWrite(long position, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            if (!TryLocate(position, source.Length, out ulong address, out int length) || !memory.TryWrite(address, source[..length]))
            {
                return false;
            }

            source = source[length..];
            position += length;
        }

        return true;
    }

    internal void Clear()
    {
        _count = 0;
        _current = 0;
        _currentStart = 0;
        Length = 0;
    }

    internal bool TryAdd(ulong address, uint length)
    {
        if (_count == _pieces.Length || address + length < address)
        {
            return false;
        }

        _pieces[_count++] = new Piece(address, length);
        Length += length;
        return true;
    }

    // The longest stretch from a position that lies in one piece.
    private bool TryLocate(long position, int wanted, out ulong address, out int length)
    {
        if (position < _currentStart)
        {
            _current = 0;
            _currentStart = 0;
        }

        while (_current < _count && position - _currentStart >= _pieces[_current].Length)
        {
            _currentStart += _pieces[_current++].Length;
        }

        if (_current == _count)
        {
            (address, length) = (0, 0);
            return false;
        }

        long within = position - _currentStart;
        address = _pieces[_current].Address + (ulong)within;
        length = (int)Math.Min(wanted, _pieces[_current].Length - within);
        return true;
    }

    private readonly record struct Piece(ulong Address, uint Length);
}
