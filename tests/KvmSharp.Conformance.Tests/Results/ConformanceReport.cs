using System.Globalization;
using System.Text;
using KvmSharp.Conformance.Replay;

namespace KvmSharp.Conformance.Results;

/// <summary>The results of a run, as text.</summary>
/// <param name="groups">The groups in the order of the report.</param>
internal sealed class ConformanceReport(IReadOnlyList<GroupResult> groups)
{
    public int Cases => groups.Sum(static g => g.Cases);

    public int Passed => groups.Sum(static g => g.Passed);

    public int Skipped => groups.Sum(static g => g.Skipped);

    /// <summary>Gives the table that the test prints; its last line is the total.</summary>
    /// <returns>The lines.</returns>
    public IEnumerable<string> Lines()
    {
        yield return Invariant($"{"group",-20} {"cases",8} {"passed",8} {"percent",8}");
        foreach (GroupResult group in groups)
        {
            yield return Invariant($"{group.Group,-20} {group.Cases,8} {group.Passed,8} {Percent(group.Cases, group.Passed),8}");
        }

        foreach ((SkipRule rule, int count) in Skips())
        {
            yield return Invariant($"skipped {count}: {rule.Reason} {rule.Reference}.");
        }

        yield return Invariant($"TOTAL cases={Cases} passed={Passed} skipped={Skipped}");
    }

    /// <summary>Gives the same table in Markdown.</summary>
    /// <returns>The text.</returns>
    public string ToMarkdown()
    {
        var text = new StringBuilder("| group | cases | passed | percent |\n|---|---:|---:|---:|\n");
        foreach (GroupResult group in groups)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {group.Group} | {group.Cases} | {group.Passed} | {Percent(group.Cases, group.Passed)} |\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"| **total** | {Cases} | {Passed} | {Percent(Cases, Passed)} |\n");
        foreach ((SkipRule rule, int count) in Skips())
        {
            text.Append(CultureInfo.InvariantCulture, $"\nSkipped {count}: {rule.Reason} {rule.Reference}.\n");
        }

        return text.ToString();
    }

    /// <summary>Describes the failures: for each group the forms, and the first failures whole.</summary>
    /// <returns>The text; empty when there are none.</returns>
    public string DescribeFailures()
    {
        var text = new StringBuilder();
        foreach (GroupResult group in groups.Where(static g => g.Passed != g.Cases))
        {
            text.Append(CultureInfo.InvariantCulture, $"{group.Group}: {group.Cases - group.Passed} of {group.Cases} disagree: ");
            text.AppendJoin(", ", group.FailedForms.OrderByDescending(static f => f.Value).Take(20).Select(static f => $"{f.Key} ({f.Value})"));
            text.Append('\n').AppendJoin('\n', group.Failures).Append('\n');
        }

        return text.ToString();
    }

    private IEnumerable<(SkipRule Rule, int Count)> Skips() => groups
        .SelectMany(static g => g.Skips)
        .GroupBy(static s => s.Key, static (rule, counts) => (rule, counts.Sum(static c => c.Value)));

    // Rounded down, so that only a group without failures shows 100.00.
    private static string Percent(int cases, int passed) => cases == 0
        ? "-"
        : (Math.Floor(10000.0 * passed / cases) / 100).ToString("F2", CultureInfo.InvariantCulture);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
