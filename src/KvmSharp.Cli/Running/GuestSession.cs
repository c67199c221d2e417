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
        using TraceWriter? trace = TraceWriter.Create(settings);
        if (settings.Screenshot is { } wanted)
        {
            Screenshot.Check(wanted);
        }

        using DebuggedRun run = DebuggedRun.Open(settings, errors);
        using var lines = new GuestLines(settings, cancellation, errors);
        BootSource? booted = boot();
        using TerminalScreen? screen = TerminalScreen.Open(settings, cancellation);
        using var machine = new PcMachine(Complete(new PcOptions
        {
            Boot = booted,
            AwaitsKeys = screen is not null,
            MemoryBytes = settings.MemoryBytes,
            Cpu = settings.Cpu,
            Cpus = settings.Cpus,
            Apic = settings.Apic,
            Engine = settings.Engine,
            TranslatedCodeLimit = settings.CodeCacheBytes,
            Serial = lines.Serial,
            Console = lines.Console,
            Devices = settings.Devices,
            Entropy = RandomNumberGenerator.Fill,
            DebugExit = settings.DebugExit,
            Deterministic = settings.Deterministic,
            ClockStart = settings.ClockStart,
            NoReboot = settings.NoReboot,
            StopOnUnmapped = settings.FailOnUnmapped,
            Trace = trace,
            FirmwareDebugOutput = log.FirmwareOutput,
        }));
        log.Booted(machine.Image, settings);
        lines.Connect(machine);
        screen?.Connect(machine);
        if (settings.Timeout is { } limit)
        {
            cancellation.StartTimeout(limit);
        }

        long start = Stopwatch.GetTimestamp();
        MachineStop stop = run.Run(machine, new MachineRunOptions { MaxInstructions = settings.MaxInstructions, Cancellation = cancellation.Token });
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);

        lines.Close(stop.Reason == MachineStopReason.Cancelled ? DrainWhenCancelled : Timeout.InfiniteTimeSpan);
        screen?.Dispose();
        if (settings.Screenshot is { } file)
        {
            Screenshot.Save(machine.Screen, file);
        }

        if (Stopped is not null)
        {
            if (lines.IsWithinLine)
            {
                Console.Out.WriteLine();
            }

            Stopped(machine);
        }

        return Report(stop, cancellation.Cause, RunStatistics.Collect(machine, stop, elapsed), log);
    }

    private int Report(MachineStop stop, StopCause cause, RunStatistics statistics, RunLog log)
    {
        (int status, string? message) = StopReport.Describe(stop, cause, settings);
        log.Stopped(stop, statistics);
        if (message is not null)
        {
            errors.WriteLine($"kvmsharp: {message}");
        }

        if (settings.Statistics)
        {
            statistics.Print(errors, settings.StatisticsAsJson);
        }

        return status;
    }
}
