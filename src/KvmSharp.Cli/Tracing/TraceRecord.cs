using System.Text.Json.Serialization;

namespace KvmSharp.Cli;

/// <summary>One line of a trace in JSON. docs/tracing.md describes the fields; what an event has not is left out.</summary>
internal sealed record TraceRecord
{
    /// <summary>The kind of the last line, which is no event.</summary>
    public const string EndKind = "end";

    public required long Seq { get; init; }

    public required string Kind { get; init; }

    public required int Vcpu { get; init; }

    public required long Instructions { get; init; }

    public required long Time { get; init; }

    public required ushort Cs { get; init; }

    public required ulong Rip { get; init; }

    /// <summary>For exits KVM's name of the reason; for the end why the machine stopped.</summary>
    public string? Reason { get; init; }

    /// <summary>KVM's number of the exit reason.</summary>
    public int? Kvm { get; init; }

    /// <summary>Intel's number of the basic exit reason.</summary>
    public int? Vtx { get; init; }

    /// <summary>What kind of system event or internal error.</summary>
    public string? Detail { get; init; }

    public string? Direction { get; init; }

    public ulong? Address { get; init; }

    public int? Width { get; init; }

    public int? Count { get; init; }

    /// <summary>The first bytes that were moved, as hexadecimal digits.</summary>
    public string? Data { get; init; }

    public ulong? Value { get; init; }

    public int? Vector { get; init; }

    public uint? Error { get; init; }

    /// <summary>Where a console byte went.</summary>
    public string? Console { get; init; }

    /// <summary>The instruction's bytes as hexadecimal digits.</summary>
    public string? Code { get; init; }

    /// <summary>How the bytes are decoded.</summary>
    public int? Bits { get; init; }

    /// <summary>The instruction in Intel syntax; a printable console byte.</summary>
    public string? Text { get; init; }

    public VcpuView? State { get; init; }

    /// <summary>At the end: how many events there were, and of those how many the limit kept out.</summary>
    public long? Events { get; init; }

    public long? Dropped { get; init; }

    /// <summary>At the end: a number that stands for the whole trace.</summary>
    public ulong? Hash { get; init; }

    [JsonIgnore]
    public bool IsEnd => Kind == EndKind;

    [JsonIgnore]
    public bool IsExit => Kind is "port" or "mmio" or "hypercall" or "exit";
}
