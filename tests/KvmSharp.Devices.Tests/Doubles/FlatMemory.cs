namespace KvmSharp.Devices.Tests;

/// <summary>Guest memory for devices that access it by themselves: one array from address 0.</summary>
internal sealed class FlatMemory(int size) : IGuestMemory
{
    public byte[] Bytes { get; } = new byte[size];

    public bool TryRead(ulong address, Span<byte> destination)
    {
        bool inside = Holds(address, destination.Length);
        if (inside)
        {
            Bytes.AsSpan((int)address, destination.Length).CopyTo(destination);
        }

        return inside;
    }

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        bool inside = Holds(address, source.Length);
        if (inside)
        {
            source.CopyTo(Bytes.AsSpan((int)address));
        }

        return inside;
    }

    private bool Holds(ulong address, int length) => address <= (ulong)Bytes.Length && (ulong)length <= (ulong)Bytes.Length - address;
}
