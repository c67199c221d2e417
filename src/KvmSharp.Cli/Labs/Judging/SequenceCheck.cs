using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>Compares exits with a list, and names the first wrong one.</summary>
internal static class SequenceCheck
{
    /// <summary>The exits that are looked at are those of the list: no other, none missing.</summary>
    public static Verdict All(LabCheck check, string[] texts, SubmissionRun run, LabCase test)
    {
        EventPattern[] wanted = EventPattern.ParseAll(texts);
        EventPattern[]? of = check.Of is null ? null : EventPattern.ParseAll(check.Of);
        EventPattern[] ignored = EventPattern.ParseAll(check.Ignore ?? []);
        int right = 0;
        foreach ((int number, LabEvent e) in Numbered(run))
        {
            if ((of is not null && !of.Any(p => p.Matches(e))) || ignored.Any(p => p.Matches(e)))
            {
                continue;
            }

            if (right == wanted.Length)
            {
                return Part(check, right, wanted.Length + 1, $"exit {number}: expected the end of the program, got {(right == 0 ? e.ToString() : wanted[^1].Describe(e))}");
            }

            if (!wanted[right].Matches(e))
            {
                return Part(check, right, wanted.Length, $"exit {number}: expected {wanted[right]}, got {wanted[right].Describe(e)}");
            }

            right++;
        }

        return right == wanted.Length ? Verdict.Right : Part(check, right, wanted.Length, Missing(wanted[right], run, test));
    }

    /// <summary>The events of the list come in its order; others may come between them.</summary>
    public static Verdict InOrder(LabCheck check, string[] texts, SubmissionRun run, LabCase test)
    {
        EventPattern[] wanted = EventPattern.ParseAll(texts);
        int right = 0;
        foreach (LabEvent e in run.Events)
        {
            right += right < wanted.Length && wanted[right].Matches(e) ? 1 : 0;
        }

        return right == wanted.Length ? Verdict.Right
            : Part(check, right, wanted.Length, right == 0 ? $"{wanted[0]} is missing: {RunEndText.Of(run, test)}" : $"{wanted[right]} is missing behind {wanted[right - 1]}: {RunEndText.Of(run, test)}");
    }

    /// <summary>Gives the exits with their numbers, from 1.</summary>
    public static IEnumerable<(int Number, LabEvent Event)> Numbered(SubmissionRun run) =>
        run.Events.Where(e => e.IsExit).Select((e, i) => (i + 1, e));

    private static string Missing(EventPattern wanted, SubmissionRun run, LabCase test) =>
        run.Events.LastOrDefault(e => e.IsExit) is { } last
            ? string.Create(CultureInfo.InvariantCulture, $"after exit {run.Events.Count(e => e.IsExit)} ({wanted.Describe(last)}): expected {wanted}, but {RunEndText.Of(run, test)}")
            : $"expected {wanted}, but there was no exit: {RunEndText.Of(run, test)}";

    private static Verdict Part(LabCheck check, int right, int all, string message) => new(check.Partial ? (double)right / all : 0, message);
}
