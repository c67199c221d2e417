namespace KvmSharp.Machines.Tests;

/// <summary>Guest memory for loader tests: one array from address 0, fresh and zeroed.</summary>
internal sealed class ArrayMemory(int size) : IGuestMemory
{
    public byte[] Bytes { get; } = new byte[size];

    /// <summary>How many bytes were written in all: zeroes that are there already should not be written.</summary>
    public long Written { get; private set; }

    public bool TryRead(ulong address, Span<byte> destination)
    {
        bool inside = IsInside(address, destination.Length);
        if (inside)
        {
            Bytes.AsSpan((int)address, destination.Length).CopyTo(destination);
        }

        return inside;
    }

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        bool inside = IsInside(address, source.Length);
        if (inside)
        {
            source.CopyTo(Bytes.AsSpan((int)address));
            Written += source.Length;
        }

        return inside;
    }

    private bool IsInside(ulong address, int length) => address <= (ulong)Bytes.Length && (ulong)length <= (ulong)Bytes.Length - address;
}
