namespace KvmSharp;

/// <summary>Guest-physical memory as a loader or a DMA device sees it: bytes at addresses, never host pointers.</summary>
/// <remarks>
/// Neighbouring guest pages need not be neighbours in the host, so access is by copy. A write reaches RAM only (a read-only
/// slot is written too: it is the host that writes) and makes every vCPU drop code that it had decoded from those bytes.
/// May be called from any thread, also while vCPUs run.
/// </remarks>
public interface IGuestMemory
{
    /// <summary>Copies guest memory into <paramref name="destination"/>.</summary>
    /// <param name="address">The guest-physical address of the first byte.</param>
    /// <param name="destination">Receives the bytes.</param>
    /// <returns><see langword="false"/>, and nothing is copied, when any byte lies outside every memory slot.</returns>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Copies <paramref name="source"/> into guest memory.</summary>
    /// <param name="address">The guest-physical address of the first byte.</param>
    /// <param name="source">The bytes to store.</param>
    /// <returns><see langword="false"/>, and nothing is written, when any byte lies outside every memory slot.</returns>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
