namespace KvmSharp.Conformance.Replay;

/// <summary>A range of guest memory together with what it should hold: the background, under the bytes of the present record.</summary>
internal sealed class MemoryWindow
{
    private readonly GuestMemory _memory;
    private readonly ulong _base;
    private readonly byte[] _background;
    private readonly byte[] _expected;
    private readonly byte[] _actual;

    /// <summary>Fills the range with the background.</summary>
    /// <param name="memory">The guest's memory.</param>
    /// <param name="address">The first byte.</param>
    /// <param name="background">What it holds between records.</param>
    public MemoryWindow(GuestMemory memory, ulong address, byte[] background)
    {
        _memory = memory;
        _base = address;
        _background = background;
        _expected = (byte[])background.Clone();
        _actual = new byte[background.Length];
        memory.Write(address, background);
    }

    /// <summary>Tests whether a run lies in the window.</summary>
    /// <param name="address">Its first byte.</param>
    /// <param name="length">Bytes.</param>
    /// <returns>Whether it does.</returns>
    public bool Contains(ulong address, int length) =>
        address >= _base && address - _base <= (ulong)_background.Length && (uint)length <= (ulong)_background.Length - (address - _base);

    /// <summary>Puts bytes into the guest.</summary>
    /// <param name="address">The first.</param>
    /// <param name="bytes">The bytes.</param>
    public void Place(ulong address, ReadOnlySpan<byte> bytes)
    {
        Expect(address, bytes);
        _memory.Write(address, bytes);
    }

    /// <summary>Notes what the guest should have written.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="bytes">The bytes.</param>
    public void Expect(ulong address, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_expected.AsSpan((int)(address - _base)));

    /// <summary>Compares the guest with what it should hold.</summary>
    /// <param name="undefined">Bits that do not count.</param>
    /// <param name="differences">Receives what differs.</param>
    public void Compare(List<(ulong Address, byte Mask)> undefined, List<Difference> differences)
    {
        _memory.Read(_base, _actual);
        if (_actual.AsSpan().SequenceEqual(_expected))
        {
            return;
        }

        foreach ((ulong address, byte mask) in undefined)
        {
            if (Contains(address, 1))
            {
                ref byte actual = ref _actual[address - _base];
                byte expected = _expected[address - _base];
                actual = (byte)((actual & ~mask) | (expected & mask));
            }
        }

        int at = 0;
        while (at < _actual.Length)
        {
            at += _actual.AsSpan(at).CommonPrefixLength(_expected.AsSpan(at));
            int from = at;
            while (at < _actual.Length && _actual[at] != _expected[at])
            {
                at++;
            }

            if (from < at)
            {
                differences.Add(Difference.Memory(_base + (uint)from, _expected.AsSpan(from, at - from), _actual.AsSpan(from, at - from)));
            }
        }

        _memory.Write(_base, _background);
    }

    /// <summary>Puts the background back where a record placed or expected bytes.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="length">Bytes.</param>
    public void Restore(ulong address, int length)
    {
        ReadOnlySpan<byte> background = _background.AsSpan((int)(address - _base), length);
        Expect(address, background);
        _memory.Write(address, background);
    }
}
