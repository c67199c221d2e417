using System.CommandLine;
using System.CommandLine.Parsing;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>What is booted: an image or a kernel, and the files and words that go with it.</summary>
internal sealed class KernelOptions
{
    private readonly Argument<string?> _image = new Argument<string?>("IMAGE")
    {
        Description = "The image: disk or CD, Linux kernel, multiboot 1 or 2, ELF, boot sector or flat binary; optional when --kernel, --bios or a disk is given",
        Arity = ArgumentArity.ZeroOrOne,
    }.WithoutDashes();

    private readonly Option<string?> _kernel = TextOption.Text("--kernel", "FILE", "A kernel to boot in place of an image: Linux (bzImage), multiboot 1 or 2, ELF with a PVH note or plain");

    private readonly Option<string?> _initrd = TextOption.Text("--initrd", "FILE", "A Linux kernel's initial RAM disk; a multiboot or PVH kernel gets it as its first module");

    private readonly Option<string> _append = new("--append")
    {
        Description = "A Linux or PVH kernel's command line; what follows the image's name in a multiboot kernel's",
        HelpName = "STR",
        DefaultValueFactory = _ => string.Empty,
    };

    private readonly Option<string[]> _modules = new("--module") { Description = "A file to load beside a multiboot or PVH kernel; may be given several times", HelpName = "FILE" };

    // What only a kernel can take.
    private Option[] Companions => [_initrd, _append, _modules];

    /// <summary>Adds the argument and the options to a verb.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_image);
        command.Options.Add(_kernel);
        command.Options.Add(_initrd);
        command.Options.Add(_append);
        command.Options.Add(_modules);
        command.Validators.Add(result =>
        {
            if (IsImageGiven(result) && IsKernelGiven(result))
            {
                result.AddError("IMAGE and --kernel both name what to boot: give one of them.");
            }
            else if (!IsGiven(result) && Companions.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } alone)
            {
                result.AddError($"{alone.Name} goes with a kernel: give --kernel or IMAGE too.");
            }
        });
    }

    /// <summary>Tells whether an image or a kernel is named.</summary>
    public bool IsGiven(CommandResult result) => IsImageGiven(result) || IsKernelGiven(result);

    /// <summary>Reads the files; null when neither an image nor a kernel is named, or the image is a disk.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="memoryBytes">The size of guest memory: no larger file is read.</param>
    /// <param name="format">The format that was asked for; null finds it by the bytes.</param>
    /// <param name="placement">Where a flat image goes.</param>
    public BootSource? Read(ParseResult parsed, ulong memoryBytes, ImageFormat? format, FlatPlacement placement)
    {
        string? kernel = parsed.GetValue(_kernel);
        if ((kernel ?? parsed.GetValue(_image)) is not { } path)
        {
            return null;
        }

        if (ReadDisk(parsed, format) is not null)
        {
            return Companions.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } option
                ? throw new ImageException($"{path} is booted as a disk, which takes no {option.Name}: leave that out, or give --kernel.")
                : null;
        }

        ImageFile image = kernel is null ? ImageFile.Read(path, memoryBytes) : OptionFile.Read(_kernel.Name, path, memoryBytes);
        if (kernel is not null && (format ?? ImageFormats.Detect(image.Bytes.Span)) is ImageFormat.Flat or ImageFormat.BootSector)
        {
            throw new ImageException($"{kernel} is no Linux, multiboot or ELF kernel: to boot it as a boot sector or flat binary, give it as IMAGE.");
        }

        return new BootSource
        {
            Image = image,
            Format = format,
            Placement = placement,
            Append = parsed.GetValue(_append) ?? string.Empty,
            Initrd = parsed.GetValue(_initrd) is { } initrd ? OptionFile.Read(_initrd.Name, initrd, memoryBytes) : null,
            Modules = [.. (parsed.GetValue(_modules) ?? []).Select(file => OptionFile.Read(_modules.Name, file, memoryBytes))],
        };
    }

    /// <summary>Looks whether IMAGE is a disk or a CD, which is booted where it lies instead of being read whole.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="format">The format that was asked for; null finds it by the first bytes.</param>
    /// <returns>The disk; null when there is no IMAGE, or it is something else.</returns>
    public PositionalDisk? ReadDisk(ParseResult parsed, ImageFormat? format) => parsed.GetValue(_image) is { } path ? PositionalDisk.Find(path, format) : null;

    private bool IsImageGiven(CommandResult result) => result.GetResult(_image) is { Tokens.Count: > 0 };

    private bool IsKernelGiven(CommandResult result) => result.GetResult(_kernel) is { Implicit: false };
}
