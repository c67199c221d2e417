using System.Globalization;
using KvmSharp.Lockstep;

namespace KvmSharp.Machines;

/// <summary>A PC in deterministic time as one side of a comparison.</summary>
public sealed class PcMachineSide : ILockstepSide
{
    private readonly PcMachine _machine;
    private readonly List<LockstepEvent> _events = [];

    /// <summary>Builds and boots the machine.</summary>
    /// <param name="options">
    /// What both sides are built from. Time, engine, trace and serial host are this class's own; the guest's writes to disks are
    /// forgotten with the machine, since the other side must find what this one found.
    /// </param>
    /// <param name="engine">The engine.</param>
    /// <param name="input">The bytes that wait at the serial port.</param>
    /// <exception cref="ArgumentException">A disk has an overlay of its own, or <see cref="PcOptions.Console"/> is given, which both sides would use.</exception>
    /// <exception cref="ImageException">The image cannot be booted, or a disk not opened.</exception>
    /// <exception cref="KvmException">The host has not the memory.</exception>
    public PcMachineSide(PcOptions options, EngineKind engine, ReadOnlyMemory<byte> input = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Console is not null)
        {
            throw new ArgumentException("Two compared machines cannot share a console.", nameof(options));
        }

        _machine = new PcMachine(options with
        {
            Deterministic = true,
            Engine = engine,
            Serial = new SerialBuffer(input),
            FirmwareDebugOutput = null,
            Disks = [.. options.Disks.Select(static disk => disk with { Spec = Unshared(disk.Spec) })],
            Floppy = options.Floppy is { } floppy ? Unshared(floppy) : null,
        });
        _machine.Trace.Subscribe(TraceKinds.Exits, (in TraceEvent traced, ReadOnlySpan<byte> data) =>
        {
            if (traced.Kind != TraceEventKind.Exit)
            {
                _events.Add(LockstepEvent.Of(_machine.InstructionsRetired, traced.Exit, data));
            }
        });
    }

    /// <inheritdoc/>
    public IReadOnlyList<VirtualCpu> Vcpus => _machine.Vcpus;

    /// <inheritdoc/>
    public GuestMemory Memory => _machine.AllMemory;

    /// <inheritdoc/>
    public string? Ending { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<LockstepEvent> Events => _events;

    /// <inheritdoc/>
    public void Run(ulong instructions, CancellationToken cancellation)
    {
        if (Ending is null)
        {
            MachineStop stop = _machine.Run(new MachineRunOptions { MaxInstructions = instructions, Cancellation = cancellation });
            Ending = Describe(stop);
        }
    }

    /// <inheritdoc/>
    public void ForgetEvents() => _events.Clear();

    /// <inheritdoc/>
    public void Dispose() => _machine.Dispose();

    private static string? Describe(MachineStop stop) => stop.Reason switch
    {
        MachineStopReason.Budget or MachineStopReason.Cancelled => null,
        MachineStopReason.DebugExit => string.Create(CultureInfo.InvariantCulture, $"DebugExit {stop.DebugExitStatus}"),
        MachineStopReason.UnmappedAccess => $"UnmappedAccess: {stop.Unmapped}",
        MachineStopReason.Unsupported => string.Create(
            CultureInfo.InvariantCulture,
            $"Unsupported {stop.Unsupported!.Kind} at {stop.Unsupported.CodeSegment:X4}:{stop.Unsupported.InstructionPointer:X8}"),
        _ => stop.Reason.ToString(),
    };

    private static DiskSpec Unshared(DiskSpec spec) => spec.Writes switch
    {
        DiskWrites.ToImage => spec with { Writes = DiskWrites.Discarded },
        DiskWrites.ToOverlay => throw new ArgumentException($"Two compared machines cannot share the overlay {spec.OverlayPath}."),
        _ => spec,
    };
}
