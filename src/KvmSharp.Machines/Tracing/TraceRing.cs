using System.Collections;

namespace KvmSharp.Machines;

/// <summary>The last events of a trace, up to a number that a guest cannot exceed.</summary>
/// <param name="capacity">How many are kept.</param>
internal sealed class TraceRing(int capacity) : IReadOnlyList<TraceEvent>
{
    private const int FirstLength = 256;

    private TraceEvent[] _events = new TraceEvent[Math.Min(FirstLength, capacity)];
    private int _start;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <summary>Gets how many were pushed out by later ones.</summary>
    public ulong Dropped { get; private set; }

    /// <inheritdoc/>
    public TraceEvent this[int index] =>
        (uint)index < (uint)Count ? _events[(_start + index) % _events.Length] : throw new ArgumentOutOfRangeException(nameof(index));

    public void Add(in TraceEvent traced)
    {
        if (Count == _events.Length && Count < capacity)
        {
            Array.Resize(ref _events, (int)Math.Min(capacity, 2L * Count)); // nothing was pushed out yet, so the first is at 0
        }

        if (Count < _events.Length)
        {
            _events[Count++] = traced;
            return;
        }

        _events[_start] = traced;
        _start = (_start + 1) % _events.Length;
        Dropped++;
    }

    /// <inheritdoc/>
    public IEnumerator<TraceEvent> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
