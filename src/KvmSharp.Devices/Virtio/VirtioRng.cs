namespace KvmSharp.Devices;

/// <summary>A virtio entropy device (type 4): each buffer that the driver offers comes back with random bytes.</summary>
/// <remarks>A buffer of more than 4 KiB comes back filled in part, as the specification allows. Source: Virtual I/O Device 1.1, "Entropy Device".</remarks>
/// <param name="source">Where the bytes come from; a source that must repeat its bytes is the board's to save.</param>
public sealed class VirtioRng(IEntropySource source) : VirtioDevice(type: 4, classCode: 0x00_FF_00, queueCount: 1)
{
    private const int MostBytes = 4096;

    private readonly byte[] _bytes = new byte[MostBytes];

    /// <inheritdoc/>
    public override ulong Features => 0;

    /// <inheritdoc/>
    public override void FillConfiguration(Span<byte> configuration)
    {
    }

    /// <inheritdoc/>
    public override VirtioOutcome Serve(int queue, VirtqueueChain chain, out uint written)
    {
        ArgumentNullException.ThrowIfNull(chain);
        Span<byte> bytes = _bytes.AsSpan(0, (int)Math.Min(MostBytes, chain.Writable.Length));
        source.Fill(bytes);
        written = (uint)bytes.Length;
        return chain.Writable.TryWrite(0, bytes) ? VirtioOutcome.Done : VirtioOutcome.Nonsense;
    }
}
