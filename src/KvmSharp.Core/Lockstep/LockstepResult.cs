namespace KvmSharp.Lockstep;

/// <summary>What came of a comparison.</summary>
public sealed record LockstepResult
{
    /// <summary>Gets the instructions retired by the interpreted machine, on all vCPUs together: all of them compared, up to the first difference.</summary>
    public required ulong Instructions { get; init; }

    /// <summary>Gets the instructions that the other machine retired in translated code.</summary>
    public required ulong InstructionsTranslated { get; init; }

    /// <summary>Gets how the guest ended; <see langword="null"/> when the limit or a cancellation ended the comparison.</summary>
    public string? Ending { get; init; }

    /// <summary>Gets the first difference; <see langword="null"/> when there is none.</summary>
    public LockstepDivergence? Divergence { get; init; }
}

/// <summary>Where two machines began to differ.</summary>
public sealed record LockstepDivergence
{
    /// <summary>Gets the number of the instruction behind which they differ, from 1; before it they were equal.</summary>
    public required ulong Instruction { get; init; }

    /// <summary>Gets a value indicating whether a second run from the start showed the difference again. If not, <see cref="Instruction"/> is where the piece ended.</summary>
    public required bool IsReproduced { get; init; }

    /// <summary>Gets what differs behind it.</summary>
    public required IReadOnlyList<StateDifference> Differences { get; init; }

    /// <summary>Gets the instructions that may have caused it, the last one being <see cref="Instruction"/>; empty when it was not reproduced.</summary>
    /// <remarks>
    /// One when it was interpreted or translated alone. Translated code can be stopped at few places only, so several that ran in one
    /// go come together; at most <see cref="LockstepComparison.MostSteps"/> are kept.
    /// </remarks>
    public required IReadOnlyList<LockstepStep> Steps { get; init; }
}

/// <summary>One retired instruction, or one delivered event, which counts as one.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="Place">Where the vCPU stood before it.</param>
/// <param name="IsDelivery">Whether an interrupt or exception was delivered there, in place of the instruction or by it.</param>
public readonly record struct LockstepStep(ulong Number, CodePlace Place, bool IsDelivery);
