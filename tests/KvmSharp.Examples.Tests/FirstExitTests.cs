using System.Reflection;

namespace KvmSharp.Examples.Tests;

/// <summary>The embedding example: README shows it verbatim, and it does what README says.</summary>
public sealed class FirstExitTests
{
    [Theory]
    [InlineData("README.md")]
    [InlineData("src/KvmSharp.Core/README.md")]
    public void Readme_EmbeddingExample_IsTheCompiledProgramVerbatim(string file)
    {
        string readme = File.ReadAllText(Repository.PathOf(file));
        string program = File.ReadAllText(Repository.PathOf("docs", "examples", "FirstExit", "Program.cs"));
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
}
