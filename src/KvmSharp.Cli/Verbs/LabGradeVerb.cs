using System.CommandLine;
using KvmSharp.Cli.Labs;
using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary><c>kvmsharp lab test</c> for students, with the visible tests, and <c>kvmsharp lab grade</c> for instructors, with the hidden ones too.</summary>
internal static class LabGradeVerb
{
    private static readonly string[] Formats = [LabReport.Text, LabReport.JUnit, LabReport.Gradescope, LabReport.Csv];

    public static Verb CreateTest() => Create(
        new Verb("test", "Test a submission with the visible tests of a lab. Status 0 only at full marks, else 10.")
        {
            Examples =
            [
                ("kvmsharp lab test 1", "tests ./lab1/lab.cs"),
                ("kvmsharp lab test 1 work/lab.cs --student alice", "tests a file"),
            ],
        },
        withHidden: false);

    public static Verb CreateGrade() => Create(
        new Verb("grade", "Grade submissions with the visible and the hidden tests of a lab. Status 0 only at full marks, else 10.")
        {
            Examples =
            [
                ("kvmsharp lab grade 1 alice/lab1 --student alice", "grades one submission"),
                ("kvmsharp lab grade 1 --all submissions --format csv --output marks.csv", "grades a folder of them, each named by its student's id"),
                ("kvmsharp lab grade 1 --all submissions --hidden tests", "takes hidden tests from tests/01-first-exit"),
            ],
        },
        withHidden: true);

    private static Verb Create(Verb verb, bool withHidden)
    {
        Argument<int> number = LabVerb.Number();
        Argument<string?> path = new Argument<string?>("PATH") { Description = "The folder with lab.cs, or the file [default: ./labN]", Arity = ArgumentArity.ZeroOrOne }.WithoutDashes();
        Option<string?> student = LabVerb.Student();
        Option<string> format = TextOption.Choice("--format", "The form of the report", LabReport.Text, Formats);
        Option<string?> output = TextOption.Text("--output", "FILE", "Write the report into a file");
        Option<string?> all = TextOption.Text("--all", "DIR", "Grade every submission in a folder: ID/lab.cs, ID/labN/lab.cs or ID.cs");
        Option<string?> hidden = TextOption.Text("--hidden", "DIR", "A folder with hidden tests, in one folder for each lab [default: hidden/ beside the lab]");
        verb.Arguments.Add(number);
        verb.Arguments.Add(path);
        verb.Options.Add(student);
        verb.Options.Add(format);
        verb.Options.Add(output);
        if (withHidden)
        {
            verb.Options.Add(all);
            verb.Options.Add(hidden);
            verb.Validators.Add(result =>
            {
                if (result.GetValue(all) is not null && (result.GetValue(path) is not null || result.GetValue(student) is not null || result.GetValue(format) == LabReport.Gradescope))
                {
                    result.AddError("--all takes the students from the names in the folder: PATH, --student and --format gradescope are for one submission.");
                }
            });
        }

        verb.SetAction(parsed =>
        {
            if (LabCatalog.Find(parsed.GetValue(number)) is not { } lab)
            {
                return LabVerb.NoSuchLab(parsed.GetValue(number));
            }

            if (withHidden && !Landlock.IsThere)
            {
                StandardStreams.Errors.WriteLine("kvmsharp: note: this system has no Landlock. Submissions can reach the files that you can: see docs/grading.md.");
            }

            using var grader = new LabGrader(lab, withHidden ? LabCatalog.HiddenFolder(lab, parsed.GetValue(hidden)) : null);
            IReadOnlyList<LabGrade> grades = withHidden && parsed.GetValue(all) is { } folder
                ? GradeAll(grader, SubmissionFolder.Find(folder, lab))
                : [GradeOne(grader, parsed.GetValue(path) ?? LabFolder.NameOf(lab), parsed.GetValue(student))];
            string report = LabReport.Write(parsed.GetValue(format)!, grades);
            if (parsed.GetValue(output) is { } file)
            {
                File.WriteAllText(file, report);
            }
            else
            {
                Console.Out.Write(report);
            }

            return grades.All(grade => grade.IsFull) ? ExitStatus.Success : ExitStatus.NotFullMarks;
        });
        return verb;
    }

    private static LabGrade GradeOne(LabGrader grader, string path, string? student)
    {
        if (!Path.Exists(path))
        {
            throw new HostException($"{path} does not exist: make it with `kvmsharp lab new`, or name the submission.");
        }

        string folder = File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
        return grader.Grade(path, student ?? LabIdentity.Read(folder)?.Student ?? string.Empty);
    }

    // As many at a time as there are processors: each is a process of its own, and budgets are in instructions, so that it changes no mark.
    private static LabGrade[] GradeAll(LabGrader grader, IReadOnlyList<Submission> submissions)
    {
        var grades = new LabGrade[submissions.Count];
        Tables.On(StandardStreams.Errors).Progress().AutoClear(true).Start(progress =>
        {
            ProgressTask task = progress.AddTask("Grading", maxValue: Math.Max(1, submissions.Count));
            Parallel.For(0, submissions.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, i =>
            {
                grades[i] = grader.Grade(submissions[i].Path, submissions[i].Student);
                task.Increment(1);
            });
        });
        return grades;
    }
}
