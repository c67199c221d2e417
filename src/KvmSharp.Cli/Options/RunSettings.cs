using KvmSharp.Machines;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Cli;

/// <summary>What a command line asks of a run, apart from the image.</summary>
internal sealed record RunSettings
{
    public ulong MemoryBytes { get; init; } = PcOptions.DefaultMemoryBytes;

    public bool MemoryIsGiven { get; init; }

    public CpuModel Cpu { get; init; } = CpuModel.Max;

    public int Cpus { get; init; } = 1;

    public bool Apic { get; init; } = true;

    public SerialTarget Serial { get; init; } = new(SerialTargetKind.StandardStreams);

    public OptionalDevices Devices { get; init; }

    public bool HasConsole => Devices.HasFlag(OptionalDevices.VirtioConsole);

    /// <summary>Whether standard input and output are the far end of the guest's console or serial port.</summary>
    public bool UsesStandardStreams => HasConsole || Serial.Kind == SerialTargetKind.StandardStreams;

    /// <summary>Whether the terminal is the guest's monitor and keyboard.</summary>
    public bool TextScreen { get; init; }

    public string? Screenshot { get; init; }

    public bool DebugExit { get; init; }

    public ulong MaxInstructions { get; init; } = ulong.MaxValue;

    public TimeSpan? Timeout { get; init; }

    public bool Deterministic { get; init; }

    public DateTimeOffset? ClockStart { get; init; }

    public EngineKind Engine { get; init; }

    public long CodeCacheBytes { get; init; }

    /// <summary>Where a debugger may connect; null for nowhere.</summary>
    public GdbAddress? Gdb { get; init; }

    public bool WaitForGdb { get; init; }

    public TraceKinds Trace { get; init; }

    public string? TraceFile { get; init; }

    public bool TraceAsJson { get; init; }

    public IReadOnlyList<ObservedRange> TraceMemory { get; init; } = [];

    /// <summary>The most events that are written.</summary>
    public long TraceLimit { get; init; }

    public string? Coverage { get; init; }

    public bool CoverageAsText { get; init; }

    /// <summary>An ELF file or a map that names addresses.</summary>
    public string? Symbols { get; init; }

    public bool Explain { get; init; }

    public bool Statistics { get; init; }

    public bool StatisticsAsJson { get; init; }

    public bool NoReboot { get; init; }

    public bool FailOnUnmapped { get; init; }

    public bool Verbose { get; init; }

    public string? LogFile { get; init; }

    /// <summary>The snapshot to go on from.</summary>
    public string? Restore { get; init; }

    public bool AcceptsChangedDisks { get; init; }

    public string? SnapshotAtExit { get; init; }
}
