using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>What a command line asks of a run, apart from the image.</summary>
internal sealed record RunSettings
{
    public ulong MemoryBytes { get; init; } = PcOptions.DefaultMemoryBytes;

    public bool MemoryIsGiven { get; init; }

    public CpuModel Cpu { get; init; } = CpuModel.Max;

    public SerialTarget Serial { get; init; } = new(SerialTargetKind.StandardStreams);

    public bool DebugExit { get; init; }

    public ulong MaxInstructions { get; init; } = ulong.MaxValue;

    public TimeSpan? Timeout { get; init; }

    public bool Deterministic { get; init; }

    public DateTimeOffset? ClockStart { get; init; }

    public TraceKinds Trace { get; init; }

    public string? TraceFile { get; init; }

    public bool Statistics { get; init; }

    public bool StatisticsAsJson { get; init; }

    public bool NoReboot { get; init; }

    public bool FailOnUnmapped { get; init; }

    public bool Verbose { get; init; }

    public string? LogFile { get; init; }
}
