using System.CommandLine;
using System.CommandLine.Parsing;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options that give the machine firmware in place of an image.</summary>
internal sealed class FirmwareOptions
{
    private const long LargestRom = 16L << 20; // the board has no place for more

    private readonly Option<string?> _bios = TextOption.Text("--bios", "FILE", "A firmware ROM such as SeaBIOS's bios.bin, from which the processor starts; no IMAGE then");

    private readonly Option<string[]> _optionRoms = new("--option-rom")
    {
        Description = "A ROM for the firmware to call, such as a VGA BIOS; may be given several times",
        HelpName = "FILE",
    };

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_bios);
        command.Options.Add(_optionRoms);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_optionRoms) is { Implicit: false } && !IsGiven(result))
            {
                result.AddError("--option-rom is for firmware: give --bios too.");
            }
        });
    }

    /// <summary>Tells whether a firmware ROM is named.</summary>
    public bool IsGiven(CommandResult result) => result.GetResult(_bios) is { Implicit: false };

    /// <summary>Reads the ROMs that were named and puts them into a machine's options.</summary>
    public PcOptions Apply(ParseResult parsed, PcOptions options) => options with
    {
        Bios = parsed.GetValue(_bios) is { } bios ? Read(_bios.Name, bios) : null,
        OptionRoms = [.. (parsed.GetValue(_optionRoms) ?? []).Select(rom => Read(_optionRoms.Name, rom))],
    };

    private static ImageFile Read(string option, string path) => new FileInfo(path) is { Exists: true, Length: > LargestRom } file
        ? throw new ImageException($"{option} {path} of {file.Length} bytes is no ROM: it may have at most {LargestRom >> 20} MiB.")
        : OptionFile.Read(option, path, (ulong)LargestRom);
}
