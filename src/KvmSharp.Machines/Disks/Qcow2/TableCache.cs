namespace KvmSharp.Machines;

/// <summary>The L2 tables or refcount blocks that were used last, as they are in the file. Bounded: the least recently used one makes room.</summary>
/// <remarks>Nothing in it is newer than the file: who changes a table writes the file too, and drops the table here when that fails.</remarks>
internal sealed class TableCache(IHostFile file, int tableBytes)
{
    private const int LargestBytes = 8 << 20;
    private const int FewestTables = 4;
    private const int MostTables = 256; // so that looking for the oldest stays cheap

    private readonly Dictionary<long, Entry> _tables = [];
    private readonly int _capacity = Math.Clamp(LargestBytes / tableBytes, FewestTables, MostTables);
    private Entry? _last;
    private long _uses;

    /// <summary>Gives a table, from the file if need be.</summary>
    /// <param name="offset">Where it is: a multiple of its size.</param>
    /// <returns>The table; the next call may reuse the array for another.</returns>
    public byte[] Get(long offset)
    {
        if (_last is { } last && last.Offset == offset)
        {
            return last.Bytes;
        }

        if (!_tables.TryGetValue(offset, out Entry? entry))
        {
            entry = MakeRoom();
            if (offset % tableBytes != 0 || file.Read(offset, entry.Bytes) < tableBytes)
            {
                throw Qcow2Header.Damaged(file, "a table lies beyond the end of the file, or not at a cluster");
            }

            Add(entry, offset);
        }

        entry.LastUse = ++_uses;
        _last = entry;
        return entry.Bytes;
    }

    /// <summary>Remembers a table that was just written.</summary>
    /// <param name="offset">Where.</param>
    /// <param name="table">Its bytes, which are copied.</param>
    public void Put(long offset, ReadOnlySpan<byte> table)
    {
        Drop(offset);
        Entry entry = MakeRoom();
        table.CopyTo(entry.Bytes);
        Add(entry, offset);
    }

    /// <summary>Forgets a table.</summary>
    /// <param name="offset">Where it is.</param>
    public void Drop(long offset)
    {
        _tables.Remove(offset);
        _last = null;
    }

    private void Add(Entry entry, long offset)
    {
        entry.Offset = offset;
        entry.LastUse = ++_uses;
        _tables.Add(offset, entry);
    }

    private Entry MakeRoom()
    {
        if (_tables.Count < _capacity)
        {
            return new Entry(new byte[tableBytes]);
        }

        Entry oldest = _tables.Values.MinBy(e => e.LastUse)!;
        Drop(oldest.Offset);
        return oldest;
    }

    private sealed class Entry(byte[] bytes)
    {
        public byte[] Bytes { get; } = bytes;

        public long Offset { get; set; }

        public long LastUse { get; set; }
    }
}
