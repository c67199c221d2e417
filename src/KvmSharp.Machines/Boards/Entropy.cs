using System.Buffers.Binary;
using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The host's random bytes.</summary>
/// <param name="fill">Fills a span with them.</param>
internal sealed class HostEntropy(Action<Span<byte>> fill) : IEntropySource
{
    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => fill(destination);
}

/// <summary>Bytes that look random and are the same in each run, for deterministic machines. Nobody should make keys of them.</summary>
/// <remarks>
/// Marsaglia's xorshift with 64 bits of state and the shifts 13, 7 and 17 ("Xorshift RNGs", Journal of Statistical Software 8, 2003), which passes through
/// every value but 0. Each step gives eight bytes, lowest first; a request that ends within a step drops the rest of it.
/// </remarks>
/// <param name="seed">Chooses the bytes; 0 is as good as any other.</param>
internal sealed class SeededEntropy(ulong seed) : IEntropySource, IStateful<SeededEntropyState>
{
    private const ulong GoldenRatio = 0x9E37_79B9_7F4A_7C15; // its fraction: the generator must not begin with 0, so that seed stands for this

    private SeededEntropyState _s = PowerOn(seed);

    private static SeededEntropyState PowerOn(ulong seed) => new() { Value = seed == GoldenRatio ? GoldenRatio : seed ^ GoldenRatio };

    /// <inheritdoc/>
    public void Fill(Span<byte> destination)
    {
        Span<byte> step = stackalloc byte[sizeof(ulong)];
        while (!destination.IsEmpty)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(step, Next());
            int count = Math.Min(step.Length, destination.Length);
            step[..count].CopyTo(destination);
            destination = destination[count..];
        }
    }

    /// <inheritdoc/>
    public SeededEntropyState Save() => _s;

    /// <inheritdoc/>
    public void Load(in SeededEntropyState state) => _s = state;

    /// <inheritdoc/>
    public void Reset() => _s = PowerOn(seed);

    private ulong Next()
    {
        ulong value = _s.Value;
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        _s.Value = value;
        return value;
    }
}

/// <summary>All that a <see cref="SeededEntropy"/> remembers.</summary>
internal record struct SeededEntropyState
{
    /// <summary>Gets or sets the last value; never 0.</summary>
    public ulong Value { get; set; }
}
