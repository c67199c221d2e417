using System.CommandLine;
using System.Runtime.CompilerServices;
using KvmSharp.Lockstep;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp compare</c>: runs a guest interpreted and translated side by side and shows the first instruction at which they differ.</summary>
internal static class CompareVerb
{
    public static Verb Create()
    {
        var kernel = new KernelOptions();
        var firmware = new FirmwareOptions();
        var disks = new DiskOptions();
        var placement = new PlacementOptions();
        var options = new MachineOptions();
        Option<LockstepGrain?> grain = CreateGrain();
        Option<string?> input = TextOption.Text("--input", "FILE", "The bytes that wait at the serial port; both machines get them");
        var verb = new Verb("compare", "Run a guest interpreted and translated side by side, in deterministic time, and show the first instruction at which they differ.")
        {
            Examples =
            [
                ("kvmsharp compare guests/sieve/sieve.elf", "ends with status 0 when both did the same, 1 when not"),
                ("kvmsharp compare --kernel vmlinuz --initrd initrd.gz --append console=ttyS0 --memory 256M --max-instructions 1000000000", "compares a boot of Linux"),
                ("kvmsharp compare kernel.elf --grain 200", "compares registers every 200 instructions"),
                ("kvmsharp compare code.bin --mode 32 --load-address 0x100000 --grain block", "compares behind every taken branch"),
            ],
        };
        kernel.AddTo(verb);
        disks.AddTo(verb);
        firmware.AddTo(verb);
        placement.AddTo(verb);
        options.AddComparedTo(verb);
        verb.Options.Add(grain);
        verb.Options.Add(input);
        BootChoice.Require(verb, kernel, firmware, disks);
        verb.SetAction(parsed =>
        {
            if (!RuntimeFeature.IsDynamicCodeSupported)
            {
                throw new HostException("There is nothing to compare: this build or host of kvmsharp has no translator.");
            }

            RunSettings settings = options.Read(parsed);
            DiskSettings drives = disks.Read(parsed);
            if (drives.Disks.FirstOrDefault(static disk => disk.Spec.Writes == DiskWrites.ToOverlay) is { } overlaid)
            {
                StandardStreams.Errors.WriteLine($"kvmsharp: compare writes to no disk: leave out overlay={overlaid.Spec.OverlayPath}.");
                return ExitStatus.Usage;
            }

            ImageFormat? format = placement.Format(parsed);
            PcOptions machine = drives.Apply(firmware.Apply(parsed, new PcOptions
            {
                Boot = kernel.Read(parsed, settings.MemoryBytes, format, placement.Placement(parsed)),
                MemoryBytes = settings.MemoryBytes,
                Cpu = settings.Cpu,
                Cpus = settings.Cpus,
                Apic = settings.Apic,
                TranslatedCodeLimit = settings.CodeCacheBytes,
                Devices = settings.Devices,
                DebugExit = settings.DebugExit,
                ClockStart = settings.ClockStart,
                NoReboot = settings.NoReboot,
                StopOnUnmapped = settings.FailOnUnmapped,
            }));
            machine = kernel.ReadDisk(parsed, format)?.Apply(machine) ?? machine;
            byte[] bytes = parsed.GetValue(input) is { } file ? File.ReadAllBytes(file) : [];
            return Run(machine, bytes, parsed.GetValue(grain) ?? LockstepGrain.Of(GrainText.Default), settings);
        });
        return verb;
    }

    private static int Run(PcOptions machine, byte[] input, LockstepGrain grain, RunSettings settings)
    {
        using var cancellation = new RunCancellation();
        if (settings.Timeout is { } limit)
        {
            cancellation.StartTimeout(limit);
        }

        var comparison = new LockstepComparison(engine => new PcMachineSide(machine, engine, input)) { Grain = grain, MaxInstructions = settings.MaxInstructions };
        LockstepResult result = comparison.Run(cancellation.Token);
        LockstepReport.Print(result, cancellation.Cause != StopCause.None, Console.Out);
        return result.Divergence is not null ? ExitStatus.Different : cancellation.Cause switch
        {
            StopCause.None => ExitStatus.Success,
            StopCause.TimedOut => ExitStatus.Timeout,
            _ => ExitStatus.Interrupted,
        };
    }

    private static Option<LockstepGrain?> CreateGrain()
    {
        Option<LockstepGrain?> option = TextOption.Parsed<LockstepGrain?>(
            "--grain",
            "instruction|block|N",
            $"Compare registers and exits after each instruction, behind each taken branch, or every N instructions; a difference is then narrowed down [default: {GrainText.Default}]",
            GrainText.TryParse,
            "instruction, block or a number above 0",
            null);
        option.CompletionSources.Add("instruction", "block");
        return option;
    }
}
