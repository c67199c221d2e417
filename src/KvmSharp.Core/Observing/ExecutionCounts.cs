using System.Runtime.InteropServices;

namespace KvmSharp.Observing;

/// <summary>How often one vCPU has executed each instruction: a counter for each, at an address that its watching micro-op knows.</summary>
/// <remarks>What a guest writes over decoded code is another instruction at the same address, so there may be several; their number is bounded.</remarks>
internal sealed unsafe class ExecutionCounts : IDisposable
{
    /// <summary>The most instructions that are counted; later ones are executed and not counted.</summary>
    public const int Capacity = 1 << 20;

    private const int PerChunk = 4096;

    private readonly Dictionary<Place, int> _places = [];
    private readonly List<(Place Place, ulong Linear)> _known = [];
    private readonly List<nint> _chunks = [];

    /// <summary>Gets how many decoded instructions found no room.</summary>
    public ulong Dropped { get; private set; }

    /// <summary>Finds or makes the counter of an instruction.</summary>
    /// <param name="linear">Its linear address.</param>
    /// <param name="physical">Its guest-physical address.</param>
    /// <param name="codeBits">How it is decoded.</param>
    /// <param name="bytes">Its bytes, at most 15.</param>
    /// <returns>The counter, or null when there is no room.</returns>
    public ulong* Of(ulong linear, ulong physical, int codeBits, ReadOnlySpan<byte> bytes)
    {
        Span<byte> padded = stackalloc byte[sizeof(UInt128)];
        padded.Clear();
        bytes.CopyTo(padded);
        var place = new Place(physical, (byte)codeBits, (byte)bytes.Length, MemoryMarshal.Read<UInt128>(padded));
        if (!_places.TryGetValue(place, out int number))
        {
            if (_known.Count == Capacity)
            {
                Dropped++;
                return null;
            }

            number = _known.Count;
            _places.Add(place, number);
            _known.Add((place, linear));
            if (number % PerChunk == 0)
            {
                _chunks.Add((nint)NativeMemory.AllocZeroed(PerChunk, sizeof(ulong)));
            }
        }

        return Counter(number);
    }

    /// <summary>Adds up what the vCPUs of a machine have counted.</summary>
    /// <param name="all">The counts of each.</param>
    /// <returns>What was executed at least once, by ascending linear address.</returns>
    public static IReadOnlyList<ExecutedInstruction> Merge(IEnumerable<ExecutionCounts> all)
    {
        var sums = new Dictionary<Place, (ulong Linear, ulong Count)>();
        foreach (ExecutionCounts counts in all)
        {
            for (int i = 0; i < counts._known.Count; i++)
            {
                (Place place, ulong linear) = counts._known[i];
                ulong count = *counts.Counter(i);
                if (count != 0)
                {
                    ref (ulong Linear, ulong Count) sum = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, place, out bool known);
                    sum = (known ? sum.Linear : linear, sum.Count + count);
                }
            }
        }

        return [.. sums.Select(static s => new ExecutedInstruction(s.Value.Linear, s.Key.Physical, s.Key.CodeBits, s.Key.ToBytes(), s.Value.Count))
            .OrderBy(static i => i.Linear).ThenBy(static i => i.Physical)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (nint chunk in _chunks)
        {
            NativeMemory.Free((void*)chunk);
        }

        _chunks.Clear();
        _places.Clear();
        _known.Clear();
    }

    private ulong* Counter(int number) => (ulong*)_chunks[number / PerChunk] + (number % PerChunk);

    private readonly record struct Place(ulong Physical, byte CodeBits, byte Length, UInt128 Bytes)
    {
        public byte[] ToBytes()
        {
            UInt128 bytes = Bytes;
            return MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in bytes))[..Length].ToArray();
        }
    }
}
