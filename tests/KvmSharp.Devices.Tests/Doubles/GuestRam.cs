namespace KvmSharp.Devices.Tests;

/// <summary>Guest memory from address 0.</summary>
internal sealed class GuestRam(int length) : IGuestMemory
{
    private readonly byte[] _bytes = new byte[length];

    public Span<byte> At(int address, int count) => _bytes.AsSpan(address, count);

    public bool TryRead(ulong address, Span<byte> destination)
    {
        bool inside = Has(address, destination.Length);
        if (inside)
        {
            _bytes.AsSpan((int)address, destination.Length).CopyTo(destination);
        }

        return inside;
    }

    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        bool inside = Has(address, source.Length);
        if (inside)
        {
            source.CopyTo(_bytes.AsSpan((int)address));
        }

        return inside;
    }

    private bool Has(ulong address, int count) => address <= (ulong)_bytes.Length && (ulong)count <= (ulong)_bytes.Length - address;
}
