using System.CommandLine;
using System.CommandLine.Parsing;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options of snapshots: one to go on from, and one to leave behind.</summary>
internal sealed class SnapshotOptions
{
    private static readonly string[] HostSide =
    [
        "--serial", "--screen", "--screenshot-at-exit", "--max-instructions", "--timeout", "--engine", "--code-cache", "--trace", "--trace-file", "--trace-format", "--trace-memory", "--trace-limit", "--coverage", "--coverage-format", "--symbols", "--explain", "--stats", "--stats-format",
        "--no-reboot", "--fail-on-unmapped", "--verbose", "--log-file", "--snapshot-at-exit", "--accept-changed-disks", "--restore", "--help",
    ];

    private readonly Option<string?> _restore = TextOption.Text(
        "--restore", "FILE", "Go on from a snapshot, which has all of the machine: only options of the host's side may be given. Disk images are not written, and what the guest writes ends with the run");

    private readonly Option<string?> _save = TextOption.Text("--snapshot-at-exit", "FILE", "Write a snapshot of the machine when it has stopped, for whatever reason; a file that is there is replaced");

    private readonly Option<bool> _acceptChanged = TextOption.Flag("--accept-changed-disks", "Restore although disk images have another time of change than when the snapshot was made");

    /// <summary>Adds the options to a verb, behind all others.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_restore);
        command.Options.Add(_save);
        command.Options.Add(_acceptChanged);
        command.Validators.Insert(0, result =>
        {
            if (!IsRestoring(result))
            {
                if (IsGiven(result, _acceptChanged))
                {
                    result.AddError($"{_acceptChanged.Name} goes with --restore.");
                }

                return;
            }

            if (command.Arguments.Any(argument => result.GetResult(argument) is { Tokens.Count: > 0 }))
            {
                result.AddError("--restore goes on with the machine of the snapshot: leave the image out.");
            }
            else if (command.Options.FirstOrDefault(option => !HostSide.Contains(option.Name) && IsGiven(result, option)) is { } other)
            {
                result.AddError($"--restore goes on with the machine of the snapshot, {other.Name} included: leave it out.");
            }
        });
    }

    /// <summary>Tells whether a snapshot is to be restored.</summary>
    public bool IsRestoring(CommandResult result) => IsGiven(result, _restore);

    /// <summary>Completes what was asked for: a restored machine's own properties come from its snapshot.</summary>
    /// <exception cref="SnapshotException">The snapshot cannot be read.</exception>
    public RunSettings Complete(ParseResult parsed, RunSettings settings)
    {
        settings = settings with { SnapshotAtExit = parsed.GetValue(_save), Restore = parsed.GetValue(_restore), AcceptsChangedDisks = parsed.GetValue(_acceptChanged) };
        if (settings.Restore is not { } path)
        {
            return settings;
        }

        SnapshotDescription machine = SnapshotDescription.Read(path);
        bool consoleTakesTerminal = machine.Devices.HasFlag(OptionalDevices.VirtioConsole);
        if (consoleTakesTerminal && settings.TextScreen)
        {
            throw new SnapshotException("The machine of the snapshot has a virtio console, which takes the terminal: leave --screen text out.");
        }

        return settings with
        {
            MemoryBytes = machine.MemoryBytes,
            Cpu = machine.Cpu,
            Cpus = machine.Cpus,
            Devices = machine.Devices,
            Deterministic = machine.Deterministic,
            Serial = consoleTakesTerminal && settings.Serial.Kind == SerialTargetKind.StandardStreams ? new SerialTarget(SerialTargetKind.None) : settings.Serial,
        };
    }

    private static bool IsGiven(CommandResult result, Option option) => result.GetResult(option) is { Implicit: false };
}
