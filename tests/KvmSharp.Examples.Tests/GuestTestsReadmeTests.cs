using System.Text.RegularExpressions;

namespace KvmSharp.Examples.Tests;

/// <summary>What the package's README shows is the example project, which compiles and passes.</summary>
public sealed partial class GuestTestsReadmeTests
{
    [Fact]
    public void Readme_EachExample_IsAFileOfTheExampleProjectVerbatim()
    {
        string readme = File.ReadAllText(Repository.PathOf("src", "KvmSharp.Testing", "README.md"));
        string[] examples = [.. Directory.GetFiles(Repository.PathOf("docs", "examples", "GuestTests"), "*.cs").Select(f => File.ReadAllText(f).TrimEnd())];

        string[] shown = [.. CodeBlock.Matches(readme).Select(m => m.Groups[1].Value)];

        shown.Should().HaveCountGreaterThan(1).And.BeSubsetOf(examples);
    }

    [GeneratedRegex("```csharp\n(.*?)\n```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock { get; }
}
