using System.Diagnostics;

namespace KvmSharp.Cli.Labs;

/// <summary>Starts processes one after the other.</summary>
/// <remarks>
/// The pipes of a run are inheritable from their creation until the grader has closed its copy of the other end. A process that starts in
/// between would inherit the channel of somebody else's run.
/// </remarks>
internal static class ProcessStarts
{
    private static readonly Lock Gate = new();

    public static Process Start(Func<Process> start)
    {
        lock (Gate)
        {
            return start();
        }
    }
}
