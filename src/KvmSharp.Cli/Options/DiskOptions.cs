using System.CommandLine;
using System.CommandLine.Parsing;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options that give a machine its disks and say what it boots from.</summary>
internal sealed class DiskOptions
{
    private const int MostIdeDrives = 4;

    private readonly Option<DiskAttachment[]> _disks = Repeated();

    private readonly Option<string?> _cdrom = TextOption.Text("--cdrom", "FILE", "A CD image in the guest's CD-ROM drive; it is never changed");

    private readonly Option<DiskSpec?> _floppy = Drive(
        "--floppy", "FILE[,readonly]", "A floppy image in drive A; the guest's own, and written");

    private readonly Option<IReadOnlyList<BootDevice>?> _boot = TextOption.Parsed<IReadOnlyList<BootDevice>?>(
        "--boot",
        "ORDER",
        "What firmware tries to boot from, first choice first: letters a (floppy), c (disk), d (CD-ROM), or words with commas between [default: cad]",
        BootOrderText.TryParse,
        "letters such as cad, or floppy, disk and cdrom with commas between, each once",
        null);

    /// <summary>Adds the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_disks);
        command.Options.Add(_cdrom);
        command.Options.Add(_floppy);
        command.Options.Add(_boot);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_disks) is { } disks && !disks.Errors.Any() && IdeDrives(disks, result.GetResult(_cdrom) is not null) > MostIdeDrives)
            {
                result.AddError($"IDE has room for {MostIdeDrives} drives, the CD-ROM drive among them: give some disks bus=virtio.");
            }
        });
    }

    /// <summary>Tells whether any disk is given.</summary>
    public bool IsGiven(CommandResult result) =>
        new Option[] { _disks, _cdrom, _floppy }.Any(option => result.GetResult(option) is { Implicit: false });

    /// <summary>Reads what was given.</summary>
    public DiskSettings Read(ParseResult parsed) => new()
    {
        Disks = parsed.GetValue(_disks) ?? [],
        Cdrom = parsed.GetValue(_cdrom) is { } cdrom ? new DiskSpec(cdrom) { Format = DiskFormat.Raw, Writes = DiskWrites.Refused } : null,
        Floppy = parsed.GetValue(_floppy),
        BootOrder = parsed.GetValue(_boot) ?? PcOptions.DefaultBootOrder,
    };

    /// <summary>What to say once, on standard error, when an image is run that is not changed.</summary>
    /// <param name="image">The image as the user named it.</param>
    public static string NeverChangedNote(string image) =>
        $"{image} is not changed: what the guest writes to it ends with the run. Give --disk {image} to keep it.";

    private static int IdeDrives(OptionResult disks, bool cdrom) =>
        disks.Tokens.Count(t => DiskText.TryParse(t.Value, out DiskAttachment? disk, out _) && disk.Bus == DiskBus.Ide) + (cdrom ? 1 : 0);

    private static Option<DiskAttachment[]> Repeated() => new("--disk")
    {
        Description = "A disk of the guest's own, and written; may be given several times. overlay=discard forgets what is written, "
            + "overlay=PATH keeps it in a qcow2 file; a comma in a name is written twice [default: format found by the bytes, bus=ide]",
        HelpName = "FILE[,format=raw|qcow2][,readonly][,overlay=discard|PATH][,bus=ide|virtio]",
        CustomParser = result =>
        {
            var disks = new List<DiskAttachment>();
            foreach (Token token in result.Tokens)
            {
                if (DiskText.TryParse(token.Value, out DiskAttachment? disk, out string? error))
                {
                    disks.Add(disk);
                }
                else
                {
                    result.AddError($"--disk {token.Value}: {error}");
                }
            }

            return [.. disks];
        },
    };

    private static Option<DiskSpec?> Drive(string name, string valueName, string description) => new(name)
    {
        Description = description,
        HelpName = valueName,
        CustomParser = result =>
        {
            string text = result.Tokens[^1].Value;
            if (!DiskText.TryParseFloppy(text, out DiskSpec? spec, out string? error))
            {
                result.AddError($"{name} {text}: {error}");
            }

            return spec;
        },
    };
}

/// <summary>The disks and the boot order of a command line.</summary>
internal sealed record DiskSettings
{
    public IReadOnlyList<DiskAttachment> Disks { get; init; } = [];

    public DiskSpec? Cdrom { get; init; }

    public DiskSpec? Floppy { get; init; }

    public IReadOnlyList<BootDevice> BootOrder { get; init; } = PcOptions.DefaultBootOrder;

    /// <summary>Puts the disks into a machine's options.</summary>
    public PcOptions Apply(PcOptions options) => options with { Disks = Disks, Cdrom = Cdrom, Floppy = Floppy, BootOrder = BootOrder };
}
