using System.Reflection;

namespace KvmSharp.Examples.Tests;

/// <summary>The embedding example: README shows it verbatim, and it does what README says.</summary>
public sealed class FirstExitTests
{
    private static readonly string Root = FindRoot();

    [Fact]
    public void Readme_EmbeddingExample_IsTheCompiledProgramVerbatim()
    {
        string readme = File.ReadAllText(Path.Combine(Root, "README.md"));
        string program = File.ReadAllText(Path.Combine(Root, "docs", "examples", "FirstExit", "Program.cs"));
        readme.Should().Contain("```csharp\n" + program.TrimEnd() + "\n```");
    }

    [Fact]
    public void FirstExit_Run_PrintsWhatTheGuestSendsToItsSerialPort()
    {
        MethodInfo main = Assembly.Load("FirstExit").EntryPoint!;
        TextWriter original = Console.Out;
        using var output = new StringWriter();
        Console.SetOut(output);
        try
        {
            main.Invoke(null, [Array.Empty<string>()]);
        }
        finally
        {
            Console.SetOut(original);
        }

        output.ToString().Should().Be("Hi");
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "KvmSharp.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests run inside the repository: KvmSharp.sln was not found above them.");
    }
}
