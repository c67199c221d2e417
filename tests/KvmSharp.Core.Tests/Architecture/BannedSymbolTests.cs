using System.Text.RegularExpressions;

namespace KvmSharp.Tests.Architecture;

/// <summary>"A virtual clock; no wall clock and no randomness below Hosting and Cli."</summary>
public sealed partial class BannedSymbolTests
{
    [Theory]
    [InlineData("KvmSharp.Contracts")]
    [InlineData("KvmSharp.Core")]
    [InlineData("KvmSharp.Devices")]
    [InlineData("KvmSharp.Machines")]
    public void Sources_BelowTheCli_UseNoWallClockAndNoRandomness(string project)
    {
        string[] files = [.. Directory.GetFiles(Path.Combine(Repository.Source, project), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))];

        var found = files
            .SelectMany(f => File.ReadLines(f).Select((line, i) => (File: Path.GetFileName(f), Line: i + 1, Text: line)))
            .Where(l => !l.Text.TrimStart().StartsWith("//", StringComparison.Ordinal) && Banned().IsMatch(l.Text));

        found.Should().BeEmpty();
    }

    [Theory]
    [InlineData("long t = Stopwatch.GetTimestamp();", true)]
    [InlineData("var now = DateTime.UtcNow;", true)]
    [InlineData("int n = Environment.TickCount64;", true)]
    [InlineData("var r = new Random(1);", true)]
    [InlineData("Random r = new(1);", true)]
    [InlineData("var date = new DateTime(1999, 12, 31);", false)]
    public void Pattern_Lines_AreJudgedRightly(string line, bool banned) => Banned().IsMatch(line).Should().Be(banned);

    [GeneratedRegex(@"\bDateTime(Offset)?\.(Now|UtcNow|Today)\b|\bStopwatch\b|\bEnvironment\.TickCount|\bRandom\b(?!N)|\bRandomNumberGenerator\b|\bGuid\.NewGuid\b")]
    private static partial Regex Banned();
}
