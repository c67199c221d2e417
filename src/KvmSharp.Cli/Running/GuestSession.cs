using System.Diagnostics;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Runs one guest from its image to an exit status, with the host's side of its serial port.</summary>
internal sealed class GuestSession(RunSettings settings, TextWriter errors)
{
    // A run that was cancelled ends soon even when nobody reads its output.
    private static readonly TimeSpan DrainWhenCancelled = TimeSpan.FromMilliseconds(50);

    /// <summary>Called with the machine when it has stopped, before it is disposed; its output is complete then.</summary>
    public Action<PcMachine>? Stopped { get; init; }

    /// <summary>Runs the guest.</summary>
    /// <param name="boot">Makes what is booted; it may read files.</param>
    /// <returns>The exit status.</returns>
    public int Run(Func<BootSource> boot)
    {
        using var cancellation = new RunCancellation();
        using RunLog log = RunLog.Create(settings);
        using TraceWriter? trace = TraceWriter.Create(settings);
        using GuestOutput? output = OpenOutput(cancellation);
        using RawTerminal? terminal = settings.Serial.Kind == SerialTargetKind.StandardStreams ? RawTerminal.TryEnter() : null;
        GuestInput? input = OpenInput(cancellation, terminal is not null);
        if (settings.Deterministic && terminal is null)
        {
            input?.Gather();
        }

        using var machine = new PcMachine(new PcOptions
        {
            Boot = boot(),
            MemoryBytes = settings.MemoryBytes,
            Cpu = settings.Cpu,
            Serial = new SerialEnds(output, input, cancellation.Token),
            DebugExit = settings.DebugExit,
            Deterministic = settings.Deterministic,
            ClockStart = settings.ClockStart,
            NoReboot = settings.NoReboot,
            StopOnUnmapped = settings.FailOnUnmapped,
            Trace = trace,
        });
        log.Booted(machine.Image, settings);
        input?.Connect(machine.NotifyInput);
        if (settings.Timeout is { } limit)
        {
            cancellation.StartTimeout(limit);
        }

        long start = Stopwatch.GetTimestamp();
        MachineStop stop = machine.Run(new MachineRunOptions { MaxInstructions = settings.MaxInstructions, Cancellation = cancellation.Token });
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);

        input?.Disconnect();
        output?.Drain(stop.Reason == MachineStopReason.Cancelled ? DrainWhenCancelled : Timeout.InfiniteTimeSpan);
        terminal?.Dispose();
        Stopped?.Invoke(machine);
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

    private GuestOutput? OpenOutput(RunCancellation cancellation)
    {
        Stream? stream = settings.Serial.Kind switch
        {
            SerialTargetKind.StandardStreams => StandardStreams.OpenOutput(),
            SerialTargetKind.File => HostFiles.Create(settings.Serial.Path, "serial"),
            _ => null,
        };
        return stream is null ? null : new GuestOutput(stream, _ => cancellation.Cancel(StopCause.OutputClosed));
    }

    private GuestInput? OpenInput(RunCancellation cancellation, bool terminal)
    {
        if (settings.Serial.Kind != SerialTargetKind.StandardStreams || StandardStreams.OpenInput() is not { } stream)
        {
            return null;
        }

        var escape = new TerminalEscape(
            quit: () => cancellation.Cancel(StopCause.Interrupted),
            help: () => errors.Write("\nCtrl-A x  quit\nCtrl-A h  this help\nCtrl-A Ctrl-A  send Ctrl-A\n"));
        return new GuestInput(stream, terminal ? escape : null);
    }
}
