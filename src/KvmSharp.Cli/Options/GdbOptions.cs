using System.CommandLine;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Cli;

/// <summary>The options that let a debugger connect.</summary>
internal sealed class GdbOptions
{
    private readonly Option<GdbAddress?> _address = TextOption.Parsed<GdbAddress?>(
        "--gdb",
        "[HOST:]PORT|unix:PATH",
        "Let GDB connect ('target remote HOST:PORT'): at this port of loopback, unless a host is named; port 0 lets the system choose. Who connects is the guest's master",
        GdbAddress.TryParse,
        "a port such as 1234, HOST:PORT or unix:PATH",
        null);

    private readonly Option<bool> _wait = TextOption.Flag("--wait", "With --gdb: the guest stands at its first instruction until a debugger lets it go");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_address);
        command.Options.Add(_wait);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_wait) is { Implicit: false } && result.GetResult(_address) is null or { Implicit: true })
            {
                result.AddError("--wait waits for a debugger: give --gdb as well.");
            }
        });
    }

    /// <summary>Reads where a debugger may connect; null for nowhere.</summary>
    public GdbAddress? Address(ParseResult parsed) => parsed.GetValue(_address);

    /// <summary>Reads whether the guest waits for it.</summary>
    public bool Waits(ParseResult parsed) => parsed.GetValue(_wait);
}
