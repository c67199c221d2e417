namespace KvmSharp.Machines;

/// <summary>What a PC is built from.</summary>
public sealed record PcOptions
{
    /// <summary>The RAM that a machine has unless told otherwise: 64 MiB.</summary>
    public const ulong DefaultMemoryBytes = 64UL << 20;

    /// <summary>Gets what the machine boots.</summary>
    public required BootSource Boot { get; init; }

    /// <summary>Gets the amount of RAM in bytes: whole pages, up to <see cref="PcLayout.LargestMemory"/>.</summary>
    public ulong MemoryBytes { get; init; } = DefaultMemoryBytes;

    /// <summary>Gets the processor model.</summary>
    public CpuModel Cpu { get; init; } = CpuModel.Max;

    /// <summary>Gets the host's end of the serial line; <see langword="null"/> leaves it unconnected.</summary>
    public ISerialHost? Serial { get; init; }

    /// <summary>Gets a value indicating whether QEMU's debug-exit port is there.</summary>
    public bool DebugExit { get; init; }

    /// <summary>Gets a value indicating whether time is the count of retired instructions, one nanosecond each.</summary>
    public bool Deterministic { get; init; }

    /// <summary>Gets the host's time, which the machine follows when it is not deterministic.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Gets the date and time that the clock chip starts with; <see langword="null"/> for the host's, or 2000-01-01 when deterministic.</summary>
    public DateTimeOffset? ClockStart { get; init; }

    /// <summary>Gets a value indicating whether a guest's reset ends the run instead of booting again.</summary>
    public bool NoReboot { get; init; }

    /// <summary>Gets a value indicating whether an access to a port or an address without a device ends the run.</summary>
    public bool StopOnUnmapped { get; init; }

    /// <summary>Gets who is told what happens; <see langword="null"/> for nobody.</summary>
    public IMachineTrace? Trace { get; init; }
}

/// <summary>Limits of one run.</summary>
public sealed record MachineRunOptions
{
    /// <summary>Gets the number of instructions after which the run ends.</summary>
    public ulong MaxInstructions { get; init; } = ulong.MaxValue;

    /// <summary>Gets the token that ends the run within milliseconds, whatever the guest does.</summary>
    public CancellationToken Cancellation { get; init; }
}
