namespace KvmSharp.Devices.Tests;

/// <summary>Entropy that anyone can foretell: 1, 2, 3, and so on.</summary>
internal sealed class CountingSource : IEntropySource
{
    private byte _last;

    public void Fill(Span<byte> destination)
    {
        foreach (ref byte value in destination)
        {
            value = ++_last;
        }
    }
}
