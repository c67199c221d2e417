using System.CommandLine;
using KvmSharp.Machines;
using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp guests list|run</c>: the small guests that come with the command.</summary>
internal static class GuestsVerb
{
    public static Verb Create()
    {
        var verb = new Verb("guests", "List and run the small guests that come with kvmsharp.")
        {
            Examples =
            [
                ("kvmsharp guests list", "shows their names and what each one teaches"),
                ("kvmsharp guests run hello", "boots one"),
            ],
        };
        verb.Subcommands.Add(CreateList());
        verb.Subcommands.Add(CreateRun());
        return verb;
    }

    private static Verb CreateList()
    {
        var verb = new Verb("list", "List the guests.") { Examples = [("kvmsharp guests list", "shows their names and what each one teaches")] };
        verb.SetAction(_ =>
        {
            Table table = Tables.New("Name", "Memory", "What it shows");
            foreach (GuestEntry guest in GuestCatalog.Read())
            {
                table.AddRow(Markup.Escape(guest.Name), Markup.Escape(guest.Memory), Markup.Escape(guest.Summary));
            }

            Tables.On(Console.Out).Write(table);
            return ExitStatus.Success;
        });
        return verb;
    }

    private static Verb CreateRun()
    {
        Argument<string> name = new Argument<string>("NAME") { Description = "A name from `kvmsharp guests list`" }.WithoutDashes();
        name.CompletionSources.Add(_ => GuestCatalog.Read().Select(g => new System.CommandLine.Completions.CompletionItem(g.Name)));
        var options = new MachineOptions();
        var verb = new Verb("run", "Run a guest with the memory and options that its row in the list gives; options here come on top.")
        {
            Examples =
            [
                ("kvmsharp guests run hello", "boots one"),
                ("kvmsharp guests run ticks --deterministic --stats", "boots one in deterministic mode and counts its exits"),
                ("echo hello | kvmsharp guests run echo", "sends input to its serial port"),
            ],
        };
        verb.Arguments.Add(name);
        options.AddTo(verb);
        verb.SetAction(parsed =>
        {
            string wanted = parsed.GetRequiredValue(name);
            if (GuestCatalog.Read().FirstOrDefault(g => g.Name == wanted) is not { } guest)
            {
                StandardStreams.Errors.WriteLine($"kvmsharp: There is no guest '{wanted}': see `kvmsharp guests list`.");
                return ExitStatus.Usage;
            }

            RunSettings given = options.Read(parsed);
            RunSettings settings = given with
            {
                MemoryBytes = given.MemoryIsGiven || !Quantities.TryParseSize(guest.Memory, out ulong memory) ? given.MemoryBytes : memory,
                Cpus = Math.Max(given.Cpus, guest.Cpus),
                DebugExit = given.DebugExit || guest.DebugExit,
            };
            return new GuestSession(settings, StandardStreams.Errors).Run(() => Boot(guest, settings.MemoryBytes));
        });
        return verb;
    }

    // The guest is told the names in the list, so that it prints the same wherever it is installed.
    private static BootSource Boot(GuestEntry guest, ulong memoryBytes)
    {
        ImageFile Read(string path) => ImageFile.Read(Path.Combine(GuestCatalog.Folder, path), memoryBytes, path);
        return new BootSource
        {
            Image = Read(guest.Image),
            Format = guest.Format is not null && PlacementOptions.TryParseFormat(guest.Format, out ImageFormat? format) ? format : null,
            Append = guest.Append ?? string.Empty,
            Modules = [.. guest.Modules.Select(Read)],
        };
    }
}
