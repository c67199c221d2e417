using System.CommandLine;
using System.Globalization;
using KvmSharp.Cli.Labs;
using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp lab list|new|test|grade</c>: the exercises of docs/labs and their grader.</summary>
internal static class LabVerb
{
    private const string Examples = "kvmsharp lab";

    public static Verb Create()
    {
        var verb = new Verb("lab", "Hypervisor labs: start one, test it, grade it.")
        {
            Examples =
            [
                ("kvmsharp lab list", "shows the labs"),
                ("kvmsharp lab new 1 --student alice", "makes ./lab1 with alice's own ports and texts"),
                ("kvmsharp lab test 1", "tests ./lab1"),
            ],
        };
        verb.Subcommands.Add(CreateList());
        verb.Subcommands.Add(CreateNew());
        verb.Subcommands.Add(LabGradeVerb.CreateTest());
        verb.Subcommands.Add(LabGradeVerb.CreateGrade());
        return verb;
    }

    /// <summary>The argument that names a lab.</summary>
    public static Argument<int> Number()
    {
        var number = new Argument<int>("N") { Description = "The number of a lab, see `kvmsharp lab list`" };
        number.CompletionSources.Add(_ => LabCatalog.Read().Select(lab => new System.CommandLine.Completions.CompletionItem(lab.Number.ToString(CultureInfo.InvariantCulture))));
        return number;
    }

    /// <summary>The option with the student's id.</summary>
    public static Option<string?> Student() => TextOption.Text("--student", "ID", "The student's id, from which the variant of the lab follows");

    /// <summary>Says on standard error that there is no such lab.</summary>
    public static int NoSuchLab(int number)
    {
        StandardStreams.Errors.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kvmsharp: There is no lab {number}: see `{Examples} list`."));
        return ExitStatus.Usage;
    }

    private static Verb CreateList()
    {
        var verb = new Verb("list", "List the labs.") { Examples = [("kvmsharp lab list", "shows their numbers and what is built in each")] };
        verb.SetAction(_ =>
        {
            Table table = Tables.New("Lab", "Title", "What you build");
            foreach (LabDescription lab in LabCatalog.Read())
            {
                table.AddRow(Markup.Escape(lab.Number.ToString(CultureInfo.InvariantCulture)), Markup.Escape(lab.Title), Markup.Escape(lab.Summary));
            }

            Tables.On(Console.Out).Write(table);
            return ExitStatus.Success;
        });
        return verb;
    }

    private static Verb CreateNew()
    {
        Argument<int> number = Number();
        Option<string?> student = Student();
        Option<string?> output = TextOption.Text("--output", "DIR", "Where to make the folder [default: ./labN]");
        var verb = new Verb("new", "Make a folder with the sheet, the starter and the guests of a lab.")
        {
            Examples =
            [
                ("kvmsharp lab new 1", "makes ./lab1"),
                ("kvmsharp lab new 1 --student alice --output alice/lab1", "makes alice's variant somewhere else"),
            ],
        };
        verb.Arguments.Add(number);
        verb.Options.Add(student);
        verb.Options.Add(output);
        verb.SetAction(parsed =>
        {
            if (LabCatalog.Find(parsed.GetValue(number)) is not { } lab)
            {
                return NoSuchLab(parsed.GetValue(number));
            }

            string folder = parsed.GetValue(output) ?? LabFolder.NameOf(lab);
            LabFolder.Create(lab, parsed.GetValue(student) ?? string.Empty, folder);
            Console.Out.WriteLine($"{folder} is ready: read README.md in it, write lab.cs, and try it with `{Examples} test {lab.Number}{(parsed.GetValue(output) is null ? string.Empty : ' ' + folder)}`.");
            return ExitStatus.Success;
        });
        return verb;
    }
}
