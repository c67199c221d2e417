using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using KvmSharp.Cli.Labs;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The command: parses its line, runs the verb, and turns every error into one line and a status.</summary>
internal static class Program
{
    private static readonly (string Line, string Does)[] RootExamples =
    [
        ("kvmsharp guests run hello", "boots a guest that comes along"),
        ("kvmsharp run kernel.elf --memory 128M", "boots an image of yours"),
        ("kvmsharp asm \"mov al,65; out 0xE9,al; hlt\"", "runs a few instructions"),
        ("kvmsharp run --help", "shows the options of a verb"),
    ];

    private static int Main(string[] args)
    {
        // The labs' own processes, which nobody starts by hand.
        switch (args)
        {
            case [LabRunner.Word, var jobHandle, var eventHandle]:
                return LabRunner.Run(jobHandle, eventHandle);
            case [CompilerHost.Word, var compiler]:
                return CompilerHost.Run(compiler);
        }

        // Response files are off: a word that begins with @ is only that word.
        ParseResult parsed = CreateRoot().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0)
        {
            return Fail($"{FirstFault(parsed)} Try '{CommandLine(parsed.CommandResult)} --help'.", ExitStatus.Usage);
        }

        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception e) when (e is ImageException or SnapshotException)
        {
            return Fail(e.Message, ExitStatus.Image);
        }
        catch (Exception e) when (e is HostException or KvmException or IOException or UnauthorizedAccessException)
        {
            return Fail(e.Message, ExitStatus.Host);
        }
        catch (Exception e)
        {
            return Fail($"An error in kvmsharp itself, please report it: {e}", ExitStatus.Host);
        }
    }

    public static RootCommand CreateRoot()
    {
        var root = new RootCommand("Runs x86 guests on a processor in software, with the shape of KVM.");
        root.Subcommands.Add(RunVerb.Create());
        root.Subcommands.Add(CompareVerb.Create());
        root.Subcommands.Add(ExplainVerb.Create());
        root.Subcommands.Add(WalkVerb.Create());
        root.Subcommands.Add(RegsVerb.Create());
        root.Subcommands.Add(MemVerb.Create());
        root.Subcommands.Add(DisasmVerb.Create());
        root.Subcommands.Add(AsmVerb.Create());
        root.Subcommands.Add(GuestsVerb.Create());
        root.Subcommands.Add(LabVerb.Create());
        root.Subcommands.Add(DoctorVerb.Create());
        root.Subcommands.Add(CompletionVerb.Create());
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, RootExamples);
        return root;
    }

    // One fault draws others behind it: words left over, when the one before them was not understood. The cause is what helps.
    private static string FirstFault(ParseResult parsed)
    {
        string message = (parsed.Errors.FirstOrDefault(error => error.SymbolResult is not CommandResult) ?? parsed.Errors[0]).Message;

        // The parser's own sentences may list words on lines of their own, and end as they like.
        string line = string.Join(' ', message.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return line.EndsWith('.') ? line : line + '.';
    }

    private static string CommandLine(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{CommandLine(parent)} {command.Command.Name}" : "kvmsharp";

    private static int Fail(string message, int status)
    {
        StandardStreams.Errors.WriteLine($"kvmsharp: {message}");
        return status;
    }
}
