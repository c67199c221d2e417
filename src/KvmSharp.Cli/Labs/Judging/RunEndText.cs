using System.Globalization;

namespace KvmSharp.Cli.Labs;

/// <summary>Tells how a run ended, as the end of a sentence.</summary>
internal static class RunEndText
{
    public static string Of(SubmissionRun run, LabCase test) => run.End switch
    {
        RunEnd.Returned => $"the program ended with status {run.Message}",
        RunEnd.Exception => $"the program ended with an exception: {run.Message}",
        RunEnd.InstructionBudget => string.Create(CultureInfo.InvariantCulture, $"the guest used up its budget of {test.Instructions} instructions"),
        RunEnd.ExitBudget => string.Create(CultureInfo.InvariantCulture, $"the guest had made {test.Exits} exits, the most that this test allows"),
        RunEnd.Timeout => string.Create(CultureInfo.InvariantCulture, $"the program was stopped after {test.Seconds} seconds of work or of waiting: it does not end, and it is not the guest that runs"),
        RunEnd.Tampered => "the channel of the grader held what the grader's recorder has not written: no points",
        _ => string.Create(CultureInfo.InvariantCulture, $"the process ended with status {run.Status} without a word{(run.Message.Length > 0 ? $": {run.Message}" : string.Empty)}"),
    };
}
