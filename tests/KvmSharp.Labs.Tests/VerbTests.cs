using System.Diagnostics;
using KvmSharp.Cli.Labs;
using KvmSharp.Cli.Tests;
using Command = KvmSharp.Cli.Tests.Cli;

namespace KvmSharp.Labs.Tests;

/// <summary><c>kvmsharp lab</c> as a student and an instructor use it.</summary>
public sealed class VerbTests : IDisposable
{
    private const int NotFullMarks = 10;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void List_AllLabs_AreNamed() => Command.Run("lab", "list").Text.Should().Contain("First exit").And.Contain("Three modes");

    [Fact]
    public async Task New_Folder_RunsOfflineWithTheSdkAlone()
    {
        string folder = NewLab("alice");
        PutSolution(folder, "alice");
        File.ReadAllText(Path.Combine(folder, "README.md")).Should().Contain("alice").And.NotContain("${");

        var info = new ProcessStartInfo("dotnet", ["run", "lab.cs"]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        info.Environment["https_proxy"] = info.Environment["http_proxy"] = "http://127.0.0.1:9"; // nothing is there
        using Process run = Process.Start(info)!;
        Task<string> errors = run.StandardError.ReadToEndAsync();
        string output = await run.StandardOutput.ReadToEndAsync();
        output.Should().Be(Variant.Of(Course.Lab(1), "alice").Expand("${greeting}"), await errors);
    }

    [Fact]
    public void New_FolderThatIsThere_IsLeftAlone()
    {
        string folder = NewLab("alice");
        File.WriteAllText(Path.Combine(folder, "lab.cs"), "my work");

        Command.Result again = Command.Run("lab", "new", "1", "--output", folder);
        (again.Status, File.ReadAllText(Path.Combine(folder, "lab.cs"))).Should().Be((70, "my work"));
    }

    [Fact]
    public void Test_Solution_TakesTheIdFromTheFolderAndEndsWith0()
    {
        string folder = NewLab("bob");
        PutSolution(folder, "bob");

        Command.Result result = Command.Run("lab", "test", "1", folder);
        (result.Status, result.Errors).Should().Be((0, string.Empty), result.Text);
        result.Text.Should().Contain("(bob)").And.Contain("75 of 75 points");
    }

    [Fact]
    public void Grade_CompileError_IsTheCompilersOwnMessageWithItsLine()
    {
        string folder = NewLab("alice");
        File.WriteAllText(Path.Combine(folder, "lab.cs"), "using KvmSharp;\nreturn 0\n");

        Command.Result result = Command.Run("lab", "grade", "1", folder);
        result.Status.Should().Be(NotFullMarks);
        result.Text.Should().Contain("lab.cs(2,9): error CS1002: ; expected").And.Contain("0 of 75 points");
    }

    [Fact]
    public void Grade_RenamedFile_IsSaid()
    {
        string folder = NewLab("alice");
        File.Move(Path.Combine(folder, "lab.cs"), Path.Combine(folder, "solution.cs"));

        Command.Result result = Command.Run("lab", "grade", "1", folder);
        (result.Status, result.Text).Should().Match<(int Status, string Text)>(r => r.Status == NotFullMarks && r.Text.Contains("There is no lab.cs") && r.Text.Contains("solution.cs"));
    }

    [Fact]
    public void Grade_All_GivesEachItsMark()
    {
        string all = Directory.CreateDirectory(_folder.File("all")).FullName;
        PutSolution(Directory.CreateDirectory(Path.Combine(all, "alice", "lab1")).FullName, "alice");
        PutSolution(Directory.CreateDirectory(Path.Combine(all, "bob")).FullName, "alice"); // alice's, with alice's ports
        File.WriteAllText(Path.Combine(all, "carol.cs"), "return 1");
        Directory.CreateDirectory(Path.Combine(all, "dave"));

        Command.Result result = Command.Run("lab", "grade", "1", "--all", all, "--hidden", Course.Hidden, "--format", "csv");

        result.Status.Should().Be(NotFullMarks);
        string[] rows = result.Text.Split("\r\n");
        rows[1].Should().Be("alice,1,100,100,100.0,");
        rows[2].Should().MatchRegex("^bob,1,[0-9]{1,2},100,.*expected OUT");
        rows[3].Should().Be("carol,1,0,100,0.0,\"lab.cs(1,9): error CS1002: ; expected\"");
        rows[4].Should().StartWith("dave,1,0,100,0.0,There is no lab.cs");
    }

    [Theory]
    [InlineData("lab", "new", "99")]
    [InlineData("lab", "test", "one")]
    [InlineData("lab", "grade", "1", "--all", "x", "--student", "y")]
    [InlineData("lab", "grade", "1", "--format", "html")]
    public void Usage_Wrong_IsStatus2(params string[] args) => Command.Run(args).Status.Should().Be(2);

    private static void PutSolution(string folder, string student)
    {
        LabDescription lab = Course.Lab(1);
        File.WriteAllText(Path.Combine(folder, "lab.cs"), Variant.Of(lab, student).Expand(File.ReadAllText(Course.Solution(lab, "lab.cs"))));
    }

    private string NewLab(string student)
    {
        string folder = _folder.File("lab1");
        Command.Result made = Command.Run("lab", "new", "1", "--student", student, "--output", folder);
        made.Status.Should().Be(0, made.Errors);
        return folder;
    }
}
