using System.Runtime.InteropServices;
using System.Text.Json;

namespace KvmSharp.Conformance.Records;

/// <summary>A list of [address, bytes], kept in one buffer that is used again for each record.</summary>
internal sealed class MemoryRuns
{
    private readonly List<byte> _bytes = [];
    private readonly List<(ulong Address, int Offset, int Length)> _runs = [];

    /// <summary>Gets the number of runs.</summary>
    public int Count => _runs.Count;

    /// <summary>Gets the address of a run.</summary>
    /// <param name="index">Its number.</param>
    /// <returns>The address of its first byte.</returns>
    public ulong AddressOf(int index) => _runs[index].Address;

    /// <summary>Gets the bytes of a run.</summary>
    /// <param name="index">Its number.</param>
    /// <returns>The bytes.</returns>
    public ReadOnlySpan<byte> BytesOf(int index) => CollectionsMarshal.AsSpan(_bytes).Slice(_runs[index].Offset, _runs[index].Length);

    public void Clear()
    {
        _bytes.Clear();
        _runs.Clear();
    }

    /// <summary>Adds one run.</summary>
    /// <param name="address">The address of its first byte.</param>
    /// <param name="bytes">The bytes.</param>
    public void Add(ulong address, ReadOnlySpan<byte> bytes)
    {
        _runs.Add((address, _bytes.Count, bytes.Length));
        _bytes.AddRange(bytes);
    }

    /// <summary>Adds the runs of a JSON array.</summary>
    /// <param name="reader">The reader, before the array.</param>
    public void Read(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            ulong address = HexJson.NextHex(ref reader);
            int offset = _bytes.Count;
            _runs.Add((address, offset, HexJson.NextBytes(ref reader, _bytes)));
            reader.Read();
        }
    }
}
