using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp run IMAGE</c>: boots an image.</summary>
internal static class RunVerb
{
    public static Verb Create()
    {
        Argument<string> image = new Argument<string>("IMAGE") { Description = "The image: multiboot, ELF, boot sector or flat binary", Arity = ArgumentArity.ExactlyOne }.WithoutDashes();
        var placement = new PlacementOptions();
        var append = new Option<string>("--append") { Description = "What follows the image's name in a multiboot kernel's command line", HelpName = "STR", DefaultValueFactory = _ => string.Empty };
        var modules = new Option<string[]>("--module") { Description = "A file to load beside a multiboot kernel; may be given several times", HelpName = "FILE" };
        var options = new MachineOptions();
        var verb = new Verb("run", "Boot an image and connect its serial port to standard input and output.")
        {
            Examples =
            [
                ("kvmsharp run guests/hello/hello.img", "boots a boot sector; its serial port is the terminal, Ctrl-A x quits"),
                ("kvmsharp run kernel.elf --append \"console=ttyS0\" --module disk.img", "boots a multiboot kernel with a command line and a module"),
                ("kvmsharp run tests.elf --debug-exit on --timeout 30s --memory 128M", "runs a test kernel that reports its verdict through port F4h"),
                ("kvmsharp run code.bin --load-address 0x100000 --mode 32 --trace instructions", "runs bare code and traces each instruction"),
                ("kvmsharp run kernel.elf --deterministic --max-instructions 1000000 --stats", "runs a million instructions, the same each time, and counts exits"),
            ],
        };
        verb.Arguments.Add(image);
        verb.Options.Add(append);
        verb.Options.Add(modules);
        placement.AddTo(verb);
        options.AddTo(verb);
        verb.SetAction(parsed =>
        {
            RunSettings settings = options.Read(parsed);
            return new GuestSession(settings, StandardStreams.Errors).Run(() => new BootSource
            {
                Image = ImageFile.Read(parsed.GetRequiredValue(image), settings.MemoryBytes),
                Format = placement.Format(parsed),
                Placement = placement.Placement(parsed),
                Append = parsed.GetValue(append) ?? string.Empty,
                Modules = [.. (parsed.GetValue(modules) ?? []).Select(file => ImageFile.Read(file, settings.MemoryBytes))],
            });
        });
        return verb;
    }
}
