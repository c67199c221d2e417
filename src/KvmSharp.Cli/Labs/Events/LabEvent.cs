using System.Globalization;
using System.Text;

namespace KvmSharp.Cli.Labs;

/// <summary>Something that a submission did with the bare API, or got back from it.</summary>
internal sealed record LabEvent
{
    /// <summary>Gets what happened, in the words of the patterns: OUT, IN, HLT, MMIO WRITE, ...; VM, SLOT and VCPU for calls.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the detail that has a name: why a run was interrupted, what was intercepted.</summary>
    public string? Word { get; init; }

    /// <summary>Gets a value indicating whether it is an exit, not a call.</summary>
    public bool IsExit { get; init; } = true;

    /// <summary>Gets the machine, from 0 in the order of creation.</summary>
    public int Machine { get; init; }

    /// <summary>Gets the vCPU by its id.</summary>
    public int Vcpu { get; init; }

    /// <summary>Gets the numbers of the event: a port, an address or a call's number first, then the value, written or answered.</summary>
    public ulong[] Numbers { get; init; } = [];

    /// <summary>Gets the bytes of string I/O.</summary>
    public byte[] Data { get; init; } = [];

    /// <summary>Gets the width of the access in bytes.</summary>
    public int Width { get; init; }

    /// <summary>Gets the instructions that the machine has retired.</summary>
    public ulong Instructions { get; init; }

    /// <summary>Gets what the probes found that look at this exit.</summary>
    public ProbeResult[] Probes { get; init; } = [];

    public void Write(BinaryWriter writer)
    {
        writer.Write(Name);
        writer.Write(Word ?? string.Empty);
        writer.Write(IsExit);
        writer.Write(Machine);
        writer.Write(Vcpu);
        writer.Write(Width);
        writer.Write(Instructions);
        writer.Write(Numbers.Length);
        Array.ForEach(Numbers, writer.Write);
        writer.Write(Data.Length);
        writer.Write(Data);
        writer.Write(Probes.Length);
        Array.ForEach(Probes, probe => probe.Write(writer));
    }

    public static LabEvent Read(BinaryReader reader) => new()
    {
        Name = reader.ReadString(),
        Word = reader.ReadString() is { Length: > 0 } word ? word : null,
        IsExit = reader.ReadBoolean(),
        Machine = reader.ReadInt32(),
        Vcpu = reader.ReadInt32(),
        Width = reader.ReadInt32(),
        Instructions = reader.ReadUInt64(),
        Numbers = reader.ReadArray(static r => r.ReadUInt64()),
        Data = reader.ReadBytes(reader.ReadInt32()),
        Probes = reader.ReadArray(ProbeResult.Read),
    };

    /// <summary>Gives the event as a pattern would name it: OUT 0x3F8 'H'.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(Name);
        if (Word is not null)
        {
            text.Append(' ').Append(Word);
        }

        for (int i = 0; i < Numbers.Length; i++)
        {
            bool isCharacter = i == 1 && Width == 1 && Numbers[i] is > ' ' and < 0x7F;
            text.Append(' ').Append(isCharacter ? $"'{(char)Numbers[i]}'" : Labs.Numbers.Hex(Numbers[i]));
        }

        if (Data.Length > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" \"{new string([.. Data.Take(40).Select(b => b is >= 0x20 and < 0x7F ? (char)b : '.')])}\"");
        }

        return text.ToString();
    }
}

/// <summary>Arrays in the channel's form, with a bound: the other side is not trusted.</summary>
internal static class BinaryArrays
{
    private const int Most = 4096;

    public static T[] ReadArray<T>(this BinaryReader reader, Func<BinaryReader, T> read)
    {
        int count = reader.ReadInt32();
        if (count is < 0 or > Most)
        {
            throw new InvalidDataException("An array of the event channel is too long.");
        }

        var array = new T[count];
        for (int i = 0; i < count; i++)
        {
            array[i] = read(reader);
        }

        return array;
    }
}
