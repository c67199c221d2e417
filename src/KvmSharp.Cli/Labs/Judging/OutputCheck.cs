using System.Text.RegularExpressions;

namespace KvmSharp.Cli.Labs;

/// <summary>Compares what the program printed.</summary>
internal static class OutputCheck
{
    private const int MostShown = 120;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    public static Verdict Look(LabCheck check, string wanted, SubmissionRun run, LabCase test)
    {
        string found = run.Output.ReplaceLineEndings("\n").TrimEnd();
        bool right = check.Match switch
        {
            "exact" => found == wanted.TrimEnd(),
            "contains" => found.Contains(wanted, StringComparison.Ordinal),
            "regex" => Regex.IsMatch(found, wanted, RegexOptions.Multiline, Patience),
            _ => throw new HostException($"The check '{check.Name}' has match '{check.Match}': it is exact, contains or regex."),
        };
        string verb = check.Match switch { "exact" => string.Empty, "contains" => "a text with ", _ => "a text that matches " };
        return right ? Verdict.Right : Verdict.Wrong($"printed {Quote(found)}, expected {verb}{Quote(wanted)}; {RunEndText.Of(run, test)}");
    }

    private static string Quote(string text) => text.Length == 0 ? "nothing" : $"\"{(text.Length > MostShown ? text[..MostShown] + "..." : text).ReplaceLineEndings("\\n")}\"";
}
