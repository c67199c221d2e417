using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>Compares numbers of a run: events, instructions, and shares of instructions.</summary>
internal static class NumberCheck
{
    private const string Everybody = "*";

    /// <summary>Counts the events that match.</summary>
    public static Verdict Count(LabCheck check, string text, SubmissionRun run, LabCase test)
    {
        if (Events(check, run) is not { } events)
        {
            return NeverUntil(check, run, test);
        }

        var pattern = EventPattern.Parse(text);
        int count = events.Count(pattern.Matches);
        return Compare(check, count, string.Create(CultureInfo.InvariantCulture, $"{count} x {pattern}"), $"; {RunEndText.Of(run, test)}");
    }

    /// <summary>Counts the instructions of a machine, or of all.</summary>
    public static Verdict Instructions(LabCheck check, string whose, SubmissionRun run, LabCase test)
    {
        if (Events(check, run) is not { } events)
        {
            return NeverUntil(check, run, test);
        }

        ulong[] retired = RetiredByMachine(events);
        double count = whose == Everybody ? retired.Sum(static n => (double)n) : Of(retired, whose);
        return Compare(check, count, string.Create(CultureInfo.InvariantCulture, $"{count:F0} instructions{Whose(whose)}"), string.Empty);
    }

    /// <summary>Looks at the part that a machine has of all instructions.</summary>
    public static Verdict Share(LabCheck check, string whose, SubmissionRun run, LabCase test)
    {
        if (Events(check, run) is not { } events)
        {
            return NeverUntil(check, run, test);
        }

        ulong[] retired = RetiredByMachine(events);
        double all = retired.Sum(static n => (double)n);
        double percent = all == 0 ? 0 : 100 * Of(retired, whose) / all;
        return Compare(check, percent, string.Create(CultureInfo.InvariantCulture, $"machine {whose} has {percent:F1} % of all instructions"), string.Empty);
    }

    private static double Of(ulong[] retired, string whose) => int.Parse(whose, CultureInfo.InvariantCulture) is var machine && machine < retired.Length ? retired[machine] : 0;

    // The events up to the one that the check ends with, that one too; null when there is none.
    private static IReadOnlyList<LabEvent>? Events(LabCheck check, SubmissionRun run)
    {
        if (check.Until is null)
        {
            return run.Events;
        }

        var until = EventPattern.Parse(check.Until);
        LabEvent? last = run.Events.FirstOrDefault(until.Matches);
        return last is null ? null : [.. run.Events.TakeWhile(e => !ReferenceEquals(e, last)), last];
    }

    private static Verdict NeverUntil(LabCheck check, SubmissionRun run, LabCase test) => Verdict.Wrong($"there is no {check.Until}: {RunEndText.Of(run, test)}");

    private static string Whose(string whose) => whose == Everybody ? string.Empty : $" of machine {whose}";

    private static ulong[] RetiredByMachine(IReadOnlyList<LabEvent> events)
    {
        var retired = new ulong[events.Count == 0 ? 0 : events.Max(e => e.Machine) + 1];
        foreach (LabEvent e in events)
        {
            retired[e.Machine] = Math.Max(retired[e.Machine], e.Instructions);
        }

        return retired;
    }

    private static Verdict Compare(LabCheck check, double found, string what, string behind)
    {
        bool right = (check.Is is null || found == Numbers.Parse(check.Is))
            && (check.Min is null || found >= Numbers.Parse(check.Min))
            && (check.Max is null || found <= Numbers.Parse(check.Max));
        string until = check.Until is null ? string.Empty : $" until {check.Until}";
        string wanted = check switch
        {
            { Is: { } value } => value,
            { Min: { } min, Max: { } max } => $"{min} to {max}",
            { Min: { } min } => $"at least {min}",
            { Max: { } max } => $"at most {max}",
            _ => throw new HostException($"The check '{check.Name}' has none of is, min and max."),
        };
        return right ? Verdict.Right : Verdict.Wrong($"{what}{until}, expected {wanted}{behind}");
    }
}
