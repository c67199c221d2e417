using System.Diagnostics;
using System.Security.Cryptography;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Runs one guest from its image to an exit status, with the host's side of its lines.</summary>
internal sealed class GuestSession(RunSettings settings, TextWriter errors)
{
    // A run that was cancelled ends soon even when nobody reads its output.
    private static readonly TimeSpan DrainWhenCancelled = TimeSpan.FromMilliseconds(50);

    /// <summary>Called with the machine when it has stopped, before it is disposed; its output is complete then, its last line too.</summary>
    public Action<PcMachine>? Stopped { get; init; }

    /// <summary>Completes the machine's options; it may read files.</summary>
    public Func<PcOptions, PcOptions> Complete { get; init; } = options => options;

    /// <summary>Runs the guest.</summary>
    /// <param name="boot">Makes what is booted; it may read files. Null when firmware decides.</param>
    /// <returns>The exit status.</returns>
    public int Run(Func<BootSource?> boot)
    {
        using var cancellation = new RunCancellation();
        using RunLog log = RunLog.Create(settings);
        using var observers = new RunObservers(settings);
        if (settings.Screenshot is { } wanted)
        {
            Screenshot.Check(wanted);
        }

        if (settings.SnapshotAtExit is { } snapshot)
        {
            HostFiles.CheckReplaceable(snapshot, "snapshot");
        }

        using DebuggedRun run = DebuggedRun.Open(settings, errors);
        using var lines = new GuestLines(settings, cancellation, errors);
        BootSource? booted = boot();
        using TerminalScreen? screen = TerminalScreen.Open(settings, cancellation);
        var host = new MachineHost
        {
            AwaitsKeys = screen is not null,
            Engine = settings.Engine,
            TranslatedCodeLimit = settings.CodeCacheBytes,
            Serial = lines.Serial,
            Console = lines.Console,
            Entropy = RandomNumberGenerator.Fill,
            NoReboot = settings.NoReboot ? true : null,
            StopOnUnmapped = settings.FailOnUnmapped ? true : null,
            FirmwareDebugOutput = log.FirmwareOutput,
            AcceptsChangedDisks = settings.AcceptsChangedDisks,
        };
        using PcMachine machine = settings.Restore is { } file ? PcMachine.Restore(file, host) : new PcMachine(Complete(Options(booted, host)));
        observers.Connect(machine, booted);
        log.Booted(machine.Image, settings);
        lines.Connect(machine);
        screen?.Connect(machine);
        if (settings.Timeout is { } limit)
        {
            cancellation.StartTimeout(limit);
        }

        ulong before = machine.InstructionsRetired; // of a restored machine
        long start = Stopwatch.GetTimestamp();
        MachineStop stop = run.Run(machine, new MachineRunOptions { MaxInstructions = settings.MaxInstructions, Cancellation = cancellation.Token });
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);

        observers.Finish(stop);
        lines.Close(stop.Reason == MachineStopReason.Cancelled ? DrainWhenCancelled : Timeout.InfiniteTimeSpan);
        screen?.Dispose();
        if (settings.Screenshot is { } picture)
        {
            Screenshot.Save(machine.Screen, picture);
        }

        SaveSnapshot(machine);

        if (Stopped is not null)
        {
            if (lines.IsWithinLine)
            {
                Console.Out.WriteLine();
            }

            Stopped(machine);
        }

        return Report(stop, cancellation.Cause, RunStatistics.Collect(machine, stop, elapsed, before), log, observers);
    }

    private void SaveSnapshot(PcMachine machine)
    {
        try
        {
            if (settings.SnapshotAtExit is { } path)
            {
                machine.Save(path);
            }
        }
        catch (SnapshotException e)
        {
            throw new HostException(e.Message, e);
        }
    }

    private PcOptions Options(BootSource? boot, MachineHost host) => new()
    {
        Boot = boot,
        AwaitsKeys = host.AwaitsKeys,
        MemoryBytes = settings.MemoryBytes,
        Cpu = settings.Cpu,
        Cpus = settings.Cpus,
        Apic = settings.Apic,
        Engine = settings.Engine,
        TranslatedCodeLimit = settings.CodeCacheBytes,
        Serial = host.Serial,
        Console = host.Console,
        Devices = settings.Devices,
        Entropy = host.Entropy,
        DebugExit = settings.DebugExit,
        Deterministic = settings.Deterministic,
        ClockStart = settings.ClockStart,
        NoReboot = settings.NoReboot,
        StopOnUnmapped = settings.FailOnUnmapped,
        FirmwareDebugOutput = host.FirmwareDebugOutput,
    };

    private int Report(MachineStop stop, StopCause cause, RunStatistics statistics, RunLog log, RunObservers observers)
    {
        (int status, string? message) = StopReport.Describe(stop, cause, settings);
        log.Stopped(stop, statistics);
        if (message is not null)
        {
            errors.WriteLine($"kvmsharp: {message}");
        }

        observers.Explain(stop, errors);
        if (settings.Statistics)
        {
            statistics.Print(errors, settings.StatisticsAsJson);
        }

        return status;
    }
}
