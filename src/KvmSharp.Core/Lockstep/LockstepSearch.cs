namespace KvmSharp.Lockstep;

/// <summary>Finds the instruction that made a difference, by replays from the start.</summary>
/// <param name="comparison">What is replayed.</param>
/// <param name="seen">What differed.</param>
/// <param name="seenAt">The instructions retired when it was seen.</param>
internal sealed class LockstepSearch(LockstepComparison comparison, List<StateDifference> seen, ulong seenAt)
{
    /// <summary>Searches.</summary>
    /// <param name="equal">Pieces behind which all was equal, memory too.</param>
    /// <param name="different">Pieces behind which something differed; none when the machines differ from the start.</param>
    /// <param name="cancellation">Ends the search: what was seen is told then.</param>
    /// <returns>The divergence.</returns>
    public LockstepDivergence Find(ulong equal, ulong different, CancellationToken cancellation)
    {
        if (different == 0)
        {
            return new LockstepDivergence { Instruction = 0, IsReproduced = true, Differences = seen, Steps = [] };
        }

        // Mostly it is the last piece: then one replay stands for a dozen.
        ulong probe = different - 1;
        while (different - equal > 1 && !cancellation.IsCancellationRequested)
        {
            (equal, different) = DiffersBehind(probe, 0, cancellation) ? (equal, probe) : (probe, different);
            probe = equal + ((different - equal) / 2);
        }

        (ulong low, ulong high) = (0, LengthOf(equal, cancellation));
        if (cancellation.IsCancellationRequested || !DiffersBehind(equal, high, cancellation))
        {
            return new LockstepDivergence { Instruction = seenAt, IsReproduced = false, Differences = seen, Steps = [] };
        }

        while (high - low > 1 && !cancellation.IsCancellationRequested)
        {
            ulong middle = low + ((high - low) / 2);
            (low, high) = DiffersBehind(equal, middle, cancellation) ? (low, middle) : (middle, high);
        }

        return Describe(equal, high, cancellation);
    }

    private LockstepDivergence Describe(ulong pieces, ulong length, CancellationToken cancellation)
    {
        using LockstepPair before = Replay(pieces, length - 1, cancellation);
        using LockstepPair behind = Replay(pieces, length, cancellation);

        // Between the two stops the translator ran these in one go.
        ulong together = Math.Clamp(behind.Translated - Math.Min(before.Translated, behind.Translated), 1, Math.Min(length, (ulong)LockstepComparison.MostSteps));
        return new LockstepDivergence
        {
            Instruction = behind.Instructions,
            IsReproduced = true,
            Differences = behind.Compare(withMemory: true),
            Steps = Steps(pieces, length - together, together, cancellation),
        };
    }

    private List<LockstepStep> Steps(ulong pieces, ulong skipped, ulong count, CancellationToken cancellation)
    {
        using LockstepPair pair = Replay(pieces, skipped, cancellation);
        ILockstepSide side = pair.Interpreter;
        List<LockstepStep> steps = [];
        for (ulong i = 0; i < count; i++)
        {
            CodePlace[] places = [.. side.Vcpus.Select(vcpu => CodePlace.Of(vcpu, side.Memory))];
            ulong[] retired = [.. side.Vcpus.Select(static vcpu => vcpu.InstructionsRetired)];
            ulong deliveries = Deliveries(side);
            side.Run(1, cancellation);
            int moved = Enumerable.Range(0, retired.Length).FirstOrDefault(v => side.Vcpus[v].InstructionsRetired != retired[v]);
            steps.Add(new LockstepStep(pair.Instructions, places[moved], Deliveries(side) != deliveries));
        }

        return steps;
    }

    private static ulong Deliveries(ILockstepSide side) =>
        side.Vcpus.Aggregate(0UL, static (sum, vcpu) => sum + vcpu.Statistics.Interrupts + vcpu.Statistics.Exceptions);

    private ulong LengthOf(ulong piece, CancellationToken cancellation)
    {
        using LockstepPair pair = Replay(piece, 0, cancellation);
        ulong start = pair.Instructions;
        pair.Advance(comparison.Grain, piece, comparison.MaxInstructions - start, cancellation);
        return Math.Max(1, pair.Instructions - start);
    }

    private bool DiffersBehind(ulong pieces, ulong instructions, CancellationToken cancellation)
    {
        using LockstepPair pair = Replay(pieces, instructions, cancellation);
        return pair.Compare(withMemory: true).Count > 0;
    }

    // The events that are compared then are those since the last whole piece.
    private LockstepPair Replay(ulong pieces, ulong instructions, CancellationToken cancellation)
    {
        LockstepPair pair = comparison.MakePair();
        for (ulong index = 0; index < pieces; index++)
        {
            pair.ForgetEvents();
            pair.Advance(comparison.Grain, index, comparison.MaxInstructions - pair.Instructions, cancellation);
        }

        if (instructions > 0)
        {
            pair.ForgetEvents();
            pair.Advance(instructions, cancellation);
        }

        return pair;
    }
}
