using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>Compares numbers of a run: events, instructions, and shares of instructions.</summary>
internal static class NumberCheck
{
    private const string Everybody = "*";

    /// <summary>Counts the events that match.</summary>
    public static Verdict Count(LabCheck check, string text, SubmissionRun run, LabCase test)
    {
        var pattern = EventPattern.Parse(text);
        int count = run.Events.Count(pattern.Matches);
        return Compare(check, count, string.Create(CultureInfo.InvariantCulture, $"{count} x {pattern}"), $"; {RunEndText.Of(run, test)}");
    }

    /// <summary>Counts the instructions of a machine, or of all.</summary>
    public static Verdict Instructions(LabCheck check, string whose, SubmissionRun run)
    {
        ulong[] retired = RetiredByMachine(run);
        double count = whose == Everybody ? retired.Sum(static n => (double)n) : Of(retired, whose);
        return Compare(check, count, string.Create(CultureInfo.InvariantCulture, $"{count:F0} instructions"), string.Empty);
    }

    /// <summary>Looks at the part that a machine has of all instructions.</summary>
    public static Verdict Share(LabCheck check, string whose, SubmissionRun run)
    {
        ulong[] retired = RetiredByMachine(run);
        double all = retired.Sum(static n => (double)n);
        double percent = all == 0 ? 0 : 100 * Of(retired, whose) / all;
        return Compare(check, percent, string.Create(CultureInfo.InvariantCulture, $"machine {whose} has {percent:F1} % of all instructions"), string.Empty);
    }

    private static double Of(ulong[] retired, string whose) => int.Parse(whose, CultureInfo.InvariantCulture) is var machine && machine < retired.Length ? retired[machine] : 0;

    private static ulong[] RetiredByMachine(SubmissionRun run)
    {
        var retired = new ulong[run.Events.Count == 0 ? 0 : run.Events.Max(e => e.Machine) + 1];
        foreach (LabEvent e in run.Events)
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
        string wanted = check switch
        {
            { Is: { } value } => value,
            { Min: { } min, Max: { } max } => $"{min} to {max}",
            { Min: { } min } => $"at least {min}",
            { Max: { } max } => $"at most {max}",
            _ => throw new HostException($"The check '{check.Name}' has none of is, min and max."),
        };
        return right ? Verdict.Right : Verdict.Wrong($"{what}, expected {wanted}{behind}");
    }
}
