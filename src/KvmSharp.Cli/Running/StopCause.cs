namespace KvmSharp.Cli;

/// <summary>What cancelled a run from outside.</summary>
internal enum StopCause
{
    None,
    Interrupted,
    TimedOut,
    OutputClosed,
}
