namespace KvmSharp.Machines;

/// <summary>The host's side of a machine that is restored from a snapshot or forked: all that is not the machine itself.</summary>
public sealed record MachineHost
{
    /// <summary>Gets the host's end of the serial line; <see langword="null"/> leaves it unconnected.</summary>
    public ISerialHost? Serial { get; init; }

    /// <summary>Gets the host's end of the virtio console; <see langword="null"/> leaves it unconnected.</summary>
    public ISerialHost? Console { get; init; }

    /// <summary>Gets a value indicating whether somebody may press keys at any time, so that a halted guest waits for them.</summary>
    public bool AwaitsKeys { get; init; }

    /// <summary>Gets what carries out guest code; <see langword="null"/> for what did before a fork, or <see cref="EngineKind.Auto"/> behind a snapshot.</summary>
    public EngineKind? Engine { get; init; }

    /// <summary>Gets the most memory in bytes that translated code of each processor may take, about; <see langword="null"/> for the default.</summary>
    public long? TranslatedCodeLimit { get; init; }

    /// <summary>Gets what fills a span with random bytes, for a machine with an entropy device that is not deterministic.</summary>
    public Action<Span<byte>>? Entropy { get; init; }

    /// <summary>Gets the host's time, which the machine follows when it is not deterministic.</summary>
    public TimeProvider TimeProvider { get; init; } = ThreadTimeProvider.Instance;

    /// <summary>Gets what takes the bytes that firmware writes to its debug port, if the machine has one; <see langword="null"/> drops them.</summary>
    public Action<byte>? FirmwareDebugOutput { get; init; }

    /// <summary>Gets whether a guest's reset ends the run; <see langword="null"/> leaves it as it was.</summary>
    public bool? NoReboot { get; init; }

    /// <summary>Gets whether an access without a device ends the run; <see langword="null"/> leaves it as it was.</summary>
    public bool? StopOnUnmapped { get; init; }

    /// <summary>Gets a value indicating whether disk images may have another time of change than when the snapshot was made. Their size must be the same.</summary>
    /// <remarks>A copied image has a new time. A guest whose image has other contents than it believes damages its file system.</remarks>
    public bool AcceptsChangedDisks { get; init; }

    /// <summary>Puts the host's side into what a machine is built from.</summary>
    /// <param name="machine">What it was built from.</param>
    /// <returns>What it is built from now.</returns>
    internal PcOptions ApplyTo(PcOptions machine) => machine with
    {
        Serial = Serial,
        Console = Console,
        AwaitsKeys = AwaitsKeys,
        Engine = Engine ?? machine.Engine,
        TranslatedCodeLimit = TranslatedCodeLimit ?? machine.TranslatedCodeLimit,
        Entropy = Entropy,
        TimeProvider = TimeProvider,
        FirmwareDebugOutput = machine.FirmwareDebugOutput is null ? null : FirmwareDebugOutput ?? (static _ => { }),
        NoReboot = NoReboot ?? machine.NoReboot,
        StopOnUnmapped = StopOnUnmapped ?? machine.StopOnUnmapped,
    };
}
