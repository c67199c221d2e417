using KvmSharp.Cli.Labs;

namespace KvmSharp.Labs.Tests;

/// <summary>Each lab that ships: its reference gets full marks, its starter and the usual mistakes lose points for the reason that is stated.</summary>
public class CourseTests
{
    private const string Starter = "starter";

    private static readonly string[] Students = ["alice", "bob", ""];
    private static readonly string[] Files = ["README.md", "INSTRUCTOR.md", "lab.cs", "tests.json", "hidden/README.md"];
    private static readonly string[] Headings = ["## Goal", "## Background", "## Steps", "## Questions"];

    public static TheoryData<int> Labs => [.. Course.Numbers];

    [Theory]
    [MemberData(nameof(Labs))]
    public void Grade_Reference_GetsFullMarksInEveryVariant(int number)
    {
        LabDescription lab = Course.Lab(number);
        using LabGrader grader = Course.Grader(lab);
        foreach (string student in Students)
        {
            LabGrade grade = Course.Grade(grader, lab, Course.Reference(lab), student);

            grade.IsFull.Should().BeTrue("{0} of {1} points for '{2}': {3}", grade.Points, grade.Max, student, grade.FirstMessage);
            grade.Max.Should().Be(100);
        }
    }

    [Theory]
    [MemberData(nameof(Labs))]
    public void Grade_StarterAndMistakes_LosePointsForTheStatedReason(int number)
    {
        LabDescription lab = Course.Lab(number);
        using LabGrader grader = Course.Grader(lab);
        foreach ((string name, Expectation expected) in Course.Expectations(lab))
        {
            string text = name == Starter ? File.ReadAllText(Path.Combine(lab.Folder, LabFolder.SourceName)) : Course.Mistake(lab, name, expected);
            LabGrade grade = Course.Grade(grader, lab, text, "alice");

            grade.FirstMessage.Should().Match(expected.Message, name);
            grade.Points.Should().Be(expected.Points, name);
        }
    }

    [Theory]
    [MemberData(nameof(Labs))]
    public void Lab_Files_AreComplete(int number)
    {
        LabDescription lab = Course.Lab(number);

        Path.GetFileName(lab.Folder).Should().StartWith(FormattableString.Invariant($"{number:D2}-"));
        Files.Should().OnlyContain(file => File.Exists(Path.Combine(lab.Folder, file)));
        File.ReadAllText(Path.Combine(lab.Folder, "README.md")).Should().ContainAll(Headings);
        Course.Expectations(lab).Should().ContainKey(Starter);
        Directory.GetFiles(Course.Solution(lab, "."), "*.cs", SearchOption.AllDirectories).Select(Path.GetFileName).Where(file => file != LabFolder.SourceName)
            .Should().BeSubsetOf(Course.Expectations(lab).Keys, "each mistake has its expectation");
    }
}
