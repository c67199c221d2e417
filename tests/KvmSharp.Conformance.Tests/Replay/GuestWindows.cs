using KvmSharp.Conformance.Records;

namespace KvmSharp.Conformance.Replay;

/// <summary>All the memory that records of a set speak of.</summary>
/// <param name="windows">Its parts.</param>
internal sealed class GuestWindows(params MemoryWindow[] windows)
{
    /// <summary>Puts a record's memory into the guest.</summary>
    /// <param name="record">The record.</param>
    public void Place(StepRecord record)
    {
        for (int i = 0; i < record.InitialMemory.Count; i++)
        {
            Place(record.InitialMemory.AddressOf(i), record.InitialMemory.BytesOf(i));
        }
    }

    /// <summary>Puts bytes into the guest.</summary>
    /// <param name="address">The first.</param>
    /// <param name="bytes">The bytes.</param>
    public void Place(ulong address, ReadOnlySpan<byte> bytes) => Find(address, bytes.Length).Place(address, bytes);

    /// <summary>Compares the guest with a record's final memory.</summary>
    /// <param name="record">The record.</param>
    /// <param name="differences">Receives what differs.</param>
    public void Compare(StepRecord record, List<Difference> differences)
    {
        for (int i = 0; i < record.FinalMemory.Count; i++)
        {
            ReadOnlySpan<byte> bytes = record.FinalMemory.BytesOf(i);
            ulong address = record.FinalMemory.AddressOf(i);
            Find(address, bytes.Length).Expect(address, bytes);
        }

        foreach (MemoryWindow window in windows)
        {
            window.Compare(record.UndefinedMemory, differences);
        }
    }

    /// <summary>Puts the background back.</summary>
    /// <param name="record">The record that was replayed.</param>
    public void Restore(StepRecord record)
    {
        Restore(record.InitialMemory);
        Restore(record.FinalMemory);
    }

    /// <summary>Puts the background back in one place.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="length">Bytes.</param>
    public void Restore(ulong address, int length) => Find(address, length).Restore(address, length);

    private void Restore(MemoryRuns runs)
    {
        for (int i = 0; i < runs.Count; i++)
        {
            Restore(runs.AddressOf(i), runs.BytesOf(i).Length);
        }
    }

    private MemoryWindow Find(ulong address, int length) => Array.Find(windows, window => window.Contains(address, length))
        ?? throw new InvalidDataException($"a record speaks of memory at {address:x}, {length} bytes, which no window holds");
}
