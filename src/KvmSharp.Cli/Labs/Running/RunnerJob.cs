namespace KvmSharp.Cli.Labs;

/// <summary>What the grader tells the process that runs a submission. The predicates stay with the grader.</summary>
internal sealed record RunnerJob
{
    /// <summary>Gets the key of the event channel, two random numbers.</summary>
    public required ulong[] Key { get; init; }

    /// <summary>Gets the path of the compiled submission.</summary>
    public required string Assembly { get; init; }

    /// <summary>Gets the arguments of its entry point.</summary>
    public required string[] Arguments { get; init; }

    /// <summary>Gets the instructions that all guests may retire together.</summary>
    public required ulong Instructions { get; init; }

    /// <summary>Gets the most exits.</summary>
    public required int Exits { get; init; }

    /// <summary>Gets what is looked at, at which exits.</summary>
    public Probe[] Probes { get; set; } = [];

    /// <summary>Gets the most memory in bytes that the process may take; 0 for no limit.</summary>
    public long MemoryBytes { get; init; }
}
