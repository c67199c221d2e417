using System.Text.Json;
using KvmSharp.Cli.Labs;
using KvmSharp.Cli.Tests;

namespace KvmSharp.Labs.Tests;

/// <summary>What a submission is expected to get: points, and its first message with * for what varies.</summary>
/// <param name="Points">The points.</param>
/// <param name="Message">The message.</param>
/// <param name="Instead">Texts of the reference and what stands in their place: a mistake that needs no file of its own.</param>
public sealed record Expectation(int Points, string Message, Dictionary<string, string>? Instead = null);

/// <summary>The labs as they ship, and beside them solutions, hidden tests and expectations.</summary>
internal static class Course
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { ReadCommentHandling = JsonCommentHandling.Skip };

    public static string Hidden { get; } = Path.Combine(AppContext.BaseDirectory, "hidden");

    public static IEnumerable<int> Numbers => LabCatalog.Read().Select(lab => lab.Number);

    public static LabDescription Lab(int number) => LabCatalog.Find(number)!;

    public static LabGrader Grader(LabDescription lab) => new(lab, LabCatalog.HiddenFolder(lab, Hidden));

    /// <summary>Grades the text of a submission, with the student's values filled in.</summary>
    public static LabGrade Grade(LabGrader grader, LabDescription lab, string text, string student)
    {
        using var folder = new TempFolder();
        string source = folder.File("lab.cs");
        File.WriteAllText(source, Variant.Of(lab, student).Expand(text));
        return grader.Grade(source, student);
    }

    public static string Reference(LabDescription lab) => File.ReadAllText(Solution(lab, LabFolder.SourceName)).ReplaceLineEndings("\n");

    /// <summary>Gives a usual mistake: a file, or the reference with some texts replaced, each of which must be there.</summary>
    public static string Mistake(LabDescription lab, string name, Expectation expected)
    {
        if (expected.Instead is null)
        {
            return File.ReadAllText(Solution(lab, Path.Combine("mistakes", name)));
        }

        string text = Reference(lab);
        foreach ((string right, string wrong) in expected.Instead)
        {
            text.Should().Contain(right, "the mistake {0} replaces it", name);
            text = text.Replace(right, wrong, StringComparison.Ordinal);
        }

        return text;
    }

    public static string Solution(LabDescription lab, string file) => Path.Combine(AppContext.BaseDirectory, "solutions", Path.GetFileName(lab.Folder), file);

    public static Dictionary<string, Expectation> Expectations(LabDescription lab) =>
        JsonSerializer.Deserialize<Dictionary<string, Expectation>>(File.ReadAllText(Solution(lab, "expected.json")), Options)!;
}
