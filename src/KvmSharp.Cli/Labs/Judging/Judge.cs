using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>How right a check was, and what was wrong.</summary>
/// <param name="Part">0 to 1.</param>
/// <param name="Message">What was wrong; null when nothing was.</param>
internal readonly record struct Verdict(double Part, string? Message)
{
    public static Verdict Right => new(1, null);

    public static Verdict Wrong(string message) => new(0, message);
}

/// <summary>Judges a run by the checks of its case.</summary>
internal static class Judge
{
    /// <summary>Gets what the runner must look at: one probe for each check that has an <see cref="LabCheck.At"/>, in their order.</summary>
    public static Probe[] Probes(LabCase test) => [.. test.Checks.Where(check => check.At is not null).Select(StateCheck.ProbeOf)];

    /// <summary>Judges.</summary>
    /// <param name="test">The case, expanded.</param>
    /// <param name="run">The run.</param>
    /// <param name="isHidden">Whether the case is one of the instructor's.</param>
    public static CaseResult Of(LabCase test, SubmissionRun run, bool isHidden)
    {
        // A run that was cut off by the host's clock or forged is worth nothing: what it had done by then is chance, or not its own work.
        string? nothing = run.End is RunEnd.Timeout or RunEnd.Tampered ? RunEndText.Of(run, test) : null;
        int probe = 0;
        return new CaseResult
        {
            Name = test.Name,
            Title = test.Title,
            IsHidden = isHidden,
            Checks = Array.ConvertAll(test.Checks, check =>
            {
                Verdict verdict = nothing is null ? Look(check, test, run, check.At is null ? -1 : probe++) : Verdict.Wrong(nothing);
                string? message = verdict.Message is not null && check.Hint is not null ? $"{verdict.Message.TrimEnd('.')}. {check.Hint}" : verdict.Message;
                return new CheckResult(check.Name, (int)Math.Floor(check.Points * verdict.Part), check.Points, message);
            }),
        };
    }

    // What a program prints and how it ends says nothing when no guest has run: a text can be printed by hand.
    private static Verdict Look(LabCheck check, LabCase test, SubmissionRun run, int probe) => check switch
    {
        { Output: not null } or { Status: not null } when !run.Events.Any(e => e.IsExit) => Verdict.Wrong($"no guest has run: {RunEndText.Of(run, test)}"),
        { Exits: { } exits } => SequenceCheck.All(check, exits, run, test),
        { Order: { } order } => SequenceCheck.InOrder(check, order, run, test),
        { Count: { } pattern } => NumberCheck.Count(check, pattern, run, test),
        { At: { } at } => StateCheck.Look(check, at, probe, run, test),
        { Output: { } output } => OutputCheck.Look(check, output, run, test),
        { Instructions: { } whose } => NumberCheck.Instructions(check, whose, run, test),
        { Share: { } whose } => NumberCheck.Share(check, whose, run, test),
        { Status: { } status } => Ended(status, run, test),
        _ => throw new HostException($"The check '{check.Name}' of case '{test.Name}' checks nothing."),
    };

    private static Verdict Ended(int status, SubmissionRun run, LabCase test) =>
        run.End == RunEnd.Returned && run.Status == status ? Verdict.Right
        : Verdict.Wrong(string.Create(CultureInfo.InvariantCulture, $"expected the program to end with status {status}, but {RunEndText.Of(run, test)}"));
}
