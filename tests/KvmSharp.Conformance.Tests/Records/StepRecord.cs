using System.Text;
using System.Text.Json;

namespace KvmSharp.Conformance.Records;

/// <summary>What both kinds of record have: one instruction, the state before it, the state after it, and what of that is undefined.</summary>
/// <remarks>One instance is read into again and again, so that a run of hundreds of thousands allocates nothing for each.</remarks>
internal abstract class StepRecord
{
    private readonly List<(int Slot, ulong Value)> _changed = [];
    private readonly List<byte> _name = [];
    private readonly List<byte> _code = [];

    /// <summary>Gets the registers before the instruction, by <see cref="RegisterSlots"/>.</summary>
    public ulong[] Initial { get; } = new ulong[RegisterSlots.Count];

    /// <summary>Gets the registers after it, as recorded.</summary>
    public ulong[] Expected { get; } = new ulong[RegisterSlots.Count];

    /// <summary>Gets for each register the bits that are not compared, because the record says that they are undefined.</summary>
    public ulong[] Undefined { get; } = new ulong[RegisterSlots.Count];

    public MemoryRuns InitialMemory { get; } = new();

    public MemoryRuns FinalMemory { get; } = new();

    /// <summary>Gets the bytes of memory, each with the bits, that are not compared.</summary>
    public List<(ulong Address, byte Mask)> UndefinedMemory { get; } = [];

    /// <summary>Gets what else is known of a record, for the report.</summary>
    public string Name => Encoding.UTF8.GetString(_name.ToArray());

    /// <summary>Gets the instruction's bytes, prefixes included.</summary>
    public ReadOnlySpan<byte> Code => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_code);

    /// <summary>Gets a value indicating whether the instruction is a string instruction with a repeat prefix: one step until it is done.</summary>
    public bool IsRepeated => StringInstruction.Matches(Code, out bool repeats) && repeats;

    /// <summary>Gets a value indicating whether it is CMPS or SCAS with a repeat prefix: those write no memory.</summary>
    public bool IsRepeatedComparison => IsRepeated && Code[^1] is 0xA6 or 0xA7 or 0xAE or 0xAF;

    /// <summary>Reads a record in place of the one before.</summary>
    /// <param name="line">One JSON object.</param>
    /// <exception cref="JsonException">It is not what the format says.</exception>
    public void Read(ReadOnlySpan<byte> line)
    {
        Clear();
        var reader = new Utf8JsonReader(line);
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            if (reader.ValueTextEquals("n"u8))
            {
                reader.Read();
                _name.AddRange(reader.ValueSpan);
            }
            else if (reader.ValueTextEquals("b"u8))
            {
                HexJson.NextBytes(ref reader, _code);
            }
            else if (reader.ValueTextEquals("m"u8))
            {
                InitialMemory.Read(ref reader);
            }
            else if (reader.ValueTextEquals("w"u8))
            {
                FinalMemory.Read(ref reader);
            }
            else if (reader.ValueTextEquals("u"u8))
            {
                Undefined[RegisterSlots.Flags] |= HexJson.NextHex(ref reader);
            }
            else if (reader.ValueTextEquals("f"u8))
            {
                ReadChanged(ref reader);
            }
            else
            {
                ReadMember(ref reader);
            }
        }

        Initial.CopyTo(Expected, 0);
        foreach ((int slot, ulong value) in _changed)
        {
            Expected[slot] = value;
        }

        Complete();
    }

    /// <summary>Reads a member that only one kind of record has.</summary>
    /// <param name="reader">The reader, at the member's name.</param>
    protected abstract void ReadMember(ref Utf8JsonReader reader);

    /// <summary>Called when all members have been read and <see cref="Expected"/> holds the final registers.</summary>
    protected virtual void Complete()
    {
    }

    /// <summary>Forgets the record before.</summary>
    protected virtual void Clear()
    {
        _changed.Clear();
        _name.Clear();
        _code.Clear();
        Array.Clear(Initial);
        Array.Clear(Undefined);
        InitialMemory.Clear();
        FinalMemory.Clear();
        UndefinedMemory.Clear();
    }

    /// <summary>Notes that a register has another value after the instruction.</summary>
    /// <param name="slot">The register.</param>
    /// <param name="value">Its final value.</param>
    protected void Expect(int slot, ulong value) => _changed.Add((slot, value));

    private void ReadChanged(ref Utf8JsonReader reader)
    {
        reader.Read();
        while (HexJson.Next(ref reader))
        {
            int slot = RegisterSlots.Find(reader.ValueSpan);
            Expect(slot, HexJson.NextHex(ref reader));
        }
    }
}
