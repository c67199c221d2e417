namespace KvmSharp.Devices;

/// <summary>Where a <see cref="VirtioRng"/> gets its bytes: the host's generator, or a seeded one when runs must be the same.</summary>
public interface IEntropySource
{
    /// <summary>Fills a span. Called with the machine's device lock held; must not block.</summary>
    /// <param name="destination">Receives the bytes.</param>
    void Fill(Span<byte> destination);
}
