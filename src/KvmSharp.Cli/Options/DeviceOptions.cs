using System.CommandLine;
using System.CommandLine.Parsing;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The option that gives a machine devices which a PC has only when asked for.</summary>
internal sealed class DeviceOptions
{
    private static readonly (string Name, OptionalDevices Device)[] Known =
    [
        ("pc-testdev", OptionalDevices.TestDevice),
        ("virtio-console", OptionalDevices.VirtioConsole),
        ("virtio-rng", OptionalDevices.VirtioRng),
    ];

    private readonly Option<OptionalDevices> _devices = Create();

    /// <summary>Adds the option to a verb.</summary>
    public void AddTo(Command command) => command.Options.Add(_devices);

    /// <summary>Reads what was given.</summary>
    public OptionalDevices Read(ParseResult parsed) => parsed.GetValue(_devices);

    /// <summary>Tells whether a virtio console is given, when the rest of the command line may still be wrong.</summary>
    public bool HasConsole(CommandResult result) =>
        result.GetResult(_devices) is { } devices && devices.Tokens.Any(t => Find(t.Value) == OptionalDevices.VirtioConsole);

    private static OptionalDevices Find(string name) => Known.FirstOrDefault(d => d.Name == name).Device;

    private static Option<OptionalDevices> Create()
    {
        string[] names = [.. Known.Select(d => d.Name)];
        var option = new Option<OptionalDevices>("--device")
        {
            Description = "A device besides those of every PC; may be given several times. virtio-console takes standard input and output (hvc0 in Linux): the serial "
                + "port then goes nowhere unless --serial file:PATH says where. virtio-rng gives the host's random bytes, always the same ones with --deterministic. "
                + "pc-testdev is QEMU's, for kernels that test an emulator; the debug console E9h gives way",
            HelpName = string.Join('|', names),
            Arity = ArgumentArity.OneOrMore,
            CustomParser = result =>
            {
                var devices = OptionalDevices.None;
                foreach (Token token in result.Tokens)
                {
                    OptionalDevices device = Find(token.Value);
                    devices |= device;
                    if (device == OptionalDevices.None)
                    {
                        result.AddError($"--device does not know '{token.Value}': give {string.Join(", ", names[..^1])} or {names[^1]}.");
                    }
                }

                return devices;
            },
        };
        option.CompletionSources.Add(names);
        return option;
    }
}
