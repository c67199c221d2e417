using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>What is left of a budget while the machine runs piece by piece.</summary>
/// <param name="machine">The machine; it stands still whenever this is asked.</param>
/// <param name="budget">The whole.</param>
internal sealed class BudgetMeter(PcMachine machine, Budget budget)
{
    private readonly ulong _startInstructions = machine.InstructionsRetired;
    private readonly long _startTime = machine.Now;

    /// <summary>The whole.</summary>
    public Budget Budget => budget;

    /// <summary>Instructions used so far.</summary>
    public ulong Instructions => machine.InstructionsRetired - _startInstructions;

    /// <summary>Virtual time used so far.</summary>
    public TimeSpan Time => TimeSpan.FromTicks((machine.Now - _startTime) / TimeSpan.NanosecondsPerTick);

    /// <summary>Whether nothing is left.</summary>
    public bool IsSpent => Instructions >= budget.MaxInstructions || Time >= budget.MaxVirtualTime;

    /// <summary>The limits of the next piece.</summary>
    /// <param name="most">The most instructions of the piece.</param>
    /// <param name="cancellation">Ends it early.</param>
    public MachineRunOptions Next(ulong most, CancellationToken cancellation) => new()
    {
        MaxInstructions = Math.Min(most, budget.MaxInstructions is { } all ? all - Math.Min(all, Instructions) : ulong.MaxValue),
        MaxVirtualTime = budget.MaxVirtualTime - Time,
        Cancellation = cancellation,
    };
}
