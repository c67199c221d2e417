namespace KvmSharp.Machines;

/// <summary>A range of guest-physical addresses that something is loaded to.</summary>
/// <param name="Start">The first address.</param>
/// <param name="Length">The length in bytes.</param>
internal readonly record struct GuestRange(ulong Start, ulong Length)
{
    private const int ChunkBytes = 64 * 1024;

    private static readonly byte[] Zeros = new byte[ChunkBytes];

    /// <summary>The first address behind the range.</summary>
    public ulong End => Start + Length;

    public bool Contains(ulong address) => address >= Start && address - Start < Length;

    public bool Overlaps(GuestRange other) => Start < other.End && other.Start < End;

    /// <summary>Copies bytes to the start of the range.</summary>
    public void Fill(IGuestMemory memory, ReadOnlySpan<byte> bytes, string what)
    {
        if (bytes.Length > 0 && !memory.TryWrite(Start, bytes))
        {
            throw Outside(what);
        }
    }

    /// <summary>Zeroes the range, and touches only pages that hold something: a large .bss in fresh memory costs no memory.</summary>
    public void Clear(IGuestMemory memory, string what)
    {
        // Both ends first: a lying length is refused before it is walked.
        Span<byte> probe = stackalloc byte[1];
        if (Length > 0 && !(memory.TryRead(Start, probe) && memory.TryRead(End - 1, probe)))
        {
            throw Outside(what);
        }

        var chunk = new byte[ChunkBytes];
        for (ulong done = 0; done < Length;)
        {
            int count = (int)Math.Min(ChunkBytes, Length - done);
            Span<byte> part = chunk.AsSpan(0, count);
            if (!memory.TryRead(Start + done, part) || (part.ContainsAnyExcept((byte)0) && !memory.TryWrite(Start + done, Zeros.AsSpan(0, count))))
            {
                throw Outside(what);
            }

            done += (ulong)count;
        }
    }

    private ImageException Outside(string what) => new(
        $"{what} needs the addresses {Start:X}h to {End - 1:X}h, which are not all guest memory: give the guest more memory, or link the image to lower addresses.");
}
