using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options that say what an image is, and where a flat one goes.</summary>
internal sealed class PlacementOptions
{
    private const string AddressExpected = "an address of 32 bits such as 0x7C00 or 7C00h";

    private readonly Option<ImageFormat?> _format = TextOption.Parsed<ImageFormat?>(
        "--format", "flat|bootsector|elf|multiboot|multiboot2|linux|pvh|disk|iso", "The image's format, instead of finding it by the bytes", TryParseFormat, "flat, bootsector, elf, multiboot, multiboot2, linux, pvh, disk or iso", null);

    private readonly Option<uint?> _loadAddress = TextOption.Parsed<uint?>(
        "--load-address", "ADDRESS", "Where a flat image goes [default: 7C00h]", TryParseAddress, AddressExpected, null);

    private readonly Option<uint?> _entry = TextOption.Parsed<uint?>(
        "--entry", "ADDRESS", "Where a flat image is entered [default: its first byte]", TryParseAddress, AddressExpected, null);

    private readonly Option<string> _mode = TextOption.Choice("--mode", "16: a flat image is entered in real mode; 32: in flat protected mode; 64: in 64-bit mode", "16", "16", "32", "64");

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_format);
        command.Options.Add(_loadAddress);
        command.Options.Add(_entry);
        command.Options.Add(_mode);
        command.Validators.Add(result =>
        {
            if (GivenForFlat(result.GetResult) is { } option && result.GetResult(_format) is { Implicit: false } given
                && TryParseFormat(given.Tokens[^1].Value, out ImageFormat? format) && format != ImageFormat.Flat)
            {
                result.AddError($"{option.Name} is for flat images: leave it out, or give --format flat.");
            }
        });
    }

    /// <summary>The format; an option that only a flat image has makes the image flat.</summary>
    public ImageFormat? Format(ParseResult parsed) => parsed.GetValue(_format) ?? (GivenForFlat(parsed.GetResult) is null ? null : ImageFormat.Flat);

    public FlatPlacement Placement(ParseResult parsed) => new()
    {
        LoadAddress = parsed.GetValue(_loadAddress) ?? PcLayout.BootAddress,
        Entry = parsed.GetValue(_entry),
        Mode = parsed.GetValue(_mode) switch
        {
            "64" => StartMode.Long64,
            "32" => StartMode.Protected32,
            _ => StartMode.Real16,
        },
    };

    public static bool TryParseFormat(string text, out ImageFormat? format)
    {
        format = text switch
        {
            "flat" => ImageFormat.Flat,
            "bootsector" => ImageFormat.BootSector,
            "elf" => ImageFormat.Elf,
            "multiboot" => ImageFormat.Multiboot,
            "multiboot2" => ImageFormat.Multiboot2,
            "linux" => ImageFormat.Linux,
            "pvh" => ImageFormat.Pvh,
            "disk" => ImageFormat.Disk,
            "iso" => ImageFormat.Iso,
            _ => null,
        };
        return format is not null;
    }

    private static bool TryParseAddress(string text, out uint? address)
    {
        bool ok = Quantities.TryParseAddress(text, out uint value);
        address = value;
        return ok;
    }

    private Option? GivenForFlat(Func<Option, System.CommandLine.Parsing.OptionResult?> result) =>
        new Option[] { _loadAddress, _entry, _mode }.FirstOrDefault(o => result(o) is { Implicit: false });
}
