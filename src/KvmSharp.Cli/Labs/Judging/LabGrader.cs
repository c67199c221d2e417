namespace KvmSharp.Cli.Labs;

/// <summary>Grades submissions of one lab: compiles each, runs it once for each case in a process of its own, and judges the events.</summary>
internal sealed class LabGrader : IDisposable
{
    private readonly LabDescription _lab;
    private readonly DotnetInstallation _dotnet = DotnetInstallation.Find();
    private readonly SubmissionCompiler _compiler;
    private readonly (LabCase Case, bool IsHidden)[] _cases;
    private readonly string[] _guestFolders;

    /// <summary>Initializes a new instance of the <see cref="LabGrader"/> class.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="hiddenFolder">The folder with the hidden tests; null for the visible ones alone.</param>
    public LabGrader(LabDescription lab, string? hiddenFolder)
    {
        _lab = lab;
        _cases = [.. LabCatalog.VisibleCases(lab).Select(test => (test, false)), .. (hiddenFolder is null ? [] : LabCatalog.HiddenCases(hiddenFolder)).Select(test => (test, true))];
        _guestFolders = hiddenFolder is null ? [lab.Folder] : [lab.Folder, hiddenFolder];
        _compiler = new SubmissionCompiler(_dotnet);
    }

    /// <summary>Grades one submission. Any thread.</summary>
    /// <param name="path">The student's file, or the folder where it lies.</param>
    /// <param name="student">The id.</param>
    public LabGrade Grade(string path, string student)
    {
        DirectoryInfo scratch = Directory.CreateTempSubdirectory("kvmsharp-lab-");
        try
        {
            return FindSource(path, out string problem) is { } source
                ? Grade(_compiler.Compile(source, scratch.CreateSubdirectory("program").FullName), student, scratch)
                : Refused(student, [problem]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return Refused(student, [$"Not graded: {e.Message}"]); // one submission, not all of them
        }
        finally
        {
            Delete(scratch);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _compiler.Dispose();

    private static string? FindSource(string path, out string problem)
    {
        problem = string.Empty;
        if (File.Exists(path))
        {
            return path;
        }

        string source = Path.Combine(path, LabFolder.SourceName);
        if (File.Exists(source))
        {
            return source;
        }

        string[] others = Directory.Exists(path) ? [.. Directory.GetFiles(path, "*.cs").Select(file => Path.GetFileName(file))] : [];
        problem = $"There is no {LabFolder.SourceName} in {path}{(others.Length > 0 ? $"; there is {string.Join(", ", others)}" : string.Empty)}.";
        return null;
    }

    // A process that has just been killed may still hold a file for a moment.
    private static void Delete(DirectoryInfo folder)
    {
        try
        {
            folder.Delete(recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The system's own cleaning of temporary files finds it.
        }
    }

    private LabGrade Grade(Compilation compilation, string student, DirectoryInfo scratch)
    {
        if (compilation.Assembly is null)
        {
            return Refused(student, compilation.Errors);
        }

        if (SubmissionScreen.Refused(compilation.Assembly) is { Count: > 0 } refused)
        {
            return Refused(student, refused);
        }

        Variant variant = Variant.Of(_lab, student);
        var results = new List<CaseResult>();
        for (int i = 0; i < _cases.Length; i++)
        {
            (LabCase test, bool isHidden) = _cases[i];
            Variant values = variant.With(test.Variables);
            LabCase expanded = CaseVariant.Expand(test, values);
            DirectoryInfo work = scratch.CreateSubdirectory(FormattableString.Invariant($"run{i}"));
            LabFolder.PutGuests(_guestFolders, test, values, work.FullName, withSource: false);
            SubmissionRun run = new SubmissionProcess(_dotnet).Run(compilation.Assembly, work.FullName, expanded, Judge.Probes(expanded));
            results.Add(Judge.Of(expanded, run, isHidden));
            Delete(work);
        }

        return new LabGrade { Lab = _lab, Student = student, Errors = [], Cases = results };
    }

    // All the points that there were to have, and none of them.
    private LabGrade Refused(string student, IReadOnlyList<string> errors) => new()
    {
        Lab = _lab,
        Student = student,
        Errors = errors,
        Cases = [.. _cases.Select(c => new CaseResult
        {
            Name = c.Case.Name,
            Title = c.Case.Title,
            IsHidden = c.IsHidden,
            Checks = Array.ConvertAll(c.Case.Checks, check => new CheckResult(check.Name, 0, check.Points, "not run")),
        })],
    };
}
