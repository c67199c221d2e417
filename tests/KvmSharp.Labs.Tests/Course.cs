using System.Text.Json;
using KvmSharp.Cli.Labs;
using KvmSharp.Cli.Tests;

namespace KvmSharp.Labs.Tests;

/// <summary>What a submission is expected to get: points, and its first message with * for what varies.</summary>
public sealed record Expectation(int Points, string Message);

/// <summary>The labs as they ship, and beside them solutions, hidden tests and expectations.</summary>
internal static class Course
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { ReadCommentHandling = JsonCommentHandling.Skip };

    public static string Hidden { get; } = Path.Combine(AppContext.BaseDirectory, "hidden");

    public static IEnumerable<int> Numbers => LabCatalog.Read().Select(lab => lab.Number);

    public static LabDescription Lab(int number) => LabCatalog.Find(number)!;

    public static LabGrader Grader(LabDescription lab) => new(lab, LabCatalog.HiddenFolder(lab, Hidden));

    /// <summary>Grades a text of a submission, with the student's values filled in.</summary>
    public static LabGrade Grade(LabGrader grader, LabDescription lab, string template, string student)
    {
        using var folder = new TempFolder();
        string source = folder.File("lab.cs");
        File.WriteAllText(source, Variant.Of(lab, student).Expand(File.ReadAllText(template)));
        return grader.Grade(source, student);
    }

    public static string Solution(LabDescription lab, string file) => Path.Combine(AppContext.BaseDirectory, "solutions", Path.GetFileName(lab.Folder), file);

    public static Dictionary<string, Expectation> Expectations(LabDescription lab) =>
        JsonSerializer.Deserialize<Dictionary<string, Expectation>>(File.ReadAllText(Solution(lab, "expected.json")), Options)!;
}
