namespace KvmSharp.Lockstep;

/// <summary>Runs two machines of one kind side by side, one interpreted and one translated, and finds the first instruction at which they differ.</summary>
/// <remarks>
/// Registers and exits are compared behind every piece, memory at intervals and at the end. When something differs, both machines are made
/// anew and replayed to the last equal point again and again, each time in the same pieces, so that the translator has the same code in place;
/// the length of the last piece is halved until one instruction makes the difference. That takes some twenty replays.
/// </remarks>
/// <param name="make">Makes a machine at its start; called again for each replay. Both kinds and all calls must be alike but for the engine.</param>
public sealed class LockstepComparison(Func<EngineKind, ILockstepSide> make)
{
    /// <summary>The most instructions that a divergence lists.</summary>
    public const int MostSteps = 64;

    /// <summary>Gets the pieces in which the machines run.</summary>
    public LockstepGrain Grain { get; init; } = LockstepGrain.Of(4096);

    /// <summary>Gets the instructions after which memory is compared, at the end of the piece; it is at the end of the run too.</summary>
    public ulong MemoryInterval { get; init; } = 16 << 20;

    /// <summary>Gets the number of instructions after which the comparison ends.</summary>
    public ulong MaxInstructions { get; init; } = ulong.MaxValue;

    /// <summary>Compares.</summary>
    /// <param name="cancellation">Ends the comparison early; then nothing is said about the piece under way.</param>
    /// <returns>What came of it.</returns>
    public LockstepResult Run(CancellationToken cancellation = default)
    {
        using LockstepPair pair = MakePair();
        ulong pieces = 0;
        ulong equalPieces = 0; // behind which memory was equal too
        ulong equalAt = 0;
        List<StateDifference> differences = pair.Compare(withMemory: true);
        ulong compared = 0;
        while (differences.Count == 0 && pair.Interpreter.Ending is null && pair.Instructions < MaxInstructions)
        {
            pair.Advance(Grain, pieces, MaxInstructions - pair.Instructions, cancellation);
            if (cancellation.IsCancellationRequested)
            {
                break;
            }

            pieces++;
            compared = pair.Instructions;
            bool isLast = pair.Interpreter.Ending is not null || compared >= MaxInstructions;
            bool withMemory = isLast || compared - equalAt >= MemoryInterval;
            differences = pair.Compare(withMemory);
            pair.ForgetEvents();
            if (withMemory)
            {
                (equalPieces, equalAt) = differences.Count == 0 ? (pieces, compared) : (equalPieces, equalAt);
            }
        }

        return new LockstepResult
        {
            Instructions = compared,
            InstructionsTranslated = pair.Translated,
            Ending = pair.Interpreter.Ending,
            Divergence = differences.Count == 0 ? null : new LockstepSearch(this, differences, compared).Find(equalPieces, pieces, cancellation),
        };
    }

    internal LockstepPair MakePair()
    {
        ILockstepSide interpreter = make(EngineKind.Interpreter);
        try
        {
            return new LockstepPair(interpreter, make(EngineKind.Translator));
        }
        catch
        {
            interpreter.Dispose();
            throw;
        }
    }
}
