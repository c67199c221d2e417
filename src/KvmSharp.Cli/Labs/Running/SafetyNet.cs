using System.ComponentModel;
using System.Diagnostics;

namespace KvmSharp.Cli.Labs;

/// <summary>Waits for a process that may never end, without a mark that depends on how busy the host is.</summary>
/// <remarks>
/// What is measured is the processor time of the process: it has as much on a slow or crowded host. One that sleeps uses none, so a process
/// that has used nothing for as long is stopped too, and after many times as long any.
/// </remarks>
/// <param name="limit">The processor time.</param>
internal sealed class SafetyNet(TimeSpan limit)
{
    private const int WallTimes = 12;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>Waits.</summary>
    /// <returns>Whether the process has ended by itself.</returns>
    public bool Wait(Process process)
    {
        var wall = Stopwatch.StartNew();
        TimeSpan used = TimeSpan.Zero;
        TimeSpan progress = TimeSpan.Zero; // when it was last seen to use any
        while (!process.WaitForExit(Look))
        {
            TimeSpan now = Used(process);
            if (now > used)
            {
                (used, progress) = (now, wall.Elapsed);
            }

            if (used > limit || wall.Elapsed - progress > limit || wall.Elapsed > WallTimes * limit)
            {
                return false;
            }
        }

        return true;
    }

    private static TimeSpan Used(Process process)
    {
        try
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            return TimeSpan.Zero; // it has just ended: before the question, or in the middle of it
        }
    }
}
