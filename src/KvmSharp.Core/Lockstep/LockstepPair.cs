namespace KvmSharp.Lockstep;

/// <summary>Two machines at the same point.</summary>
/// <param name="interpreter">The one whose word counts.</param>
/// <param name="translator">The one that is checked.</param>
internal sealed class LockstepPair(ILockstepSide interpreter, ILockstepSide translator) : IDisposable
{
    public ILockstepSide Interpreter => interpreter;

    /// <summary>Gets the instructions retired by the interpreter.</summary>
    public ulong Instructions => interpreter.Vcpus.Aggregate(0UL, static (sum, vcpu) => sum + vcpu.InstructionsRetired);

    /// <summary>Gets the instructions retired in translated code by the translator.</summary>
    public ulong Translated => translator.Vcpus.Aggregate(0UL, static (sum, vcpu) => sum + vcpu.Statistics.InstructionsRetiredTranslated);

    /// <summary>Makes both go on by one piece.</summary>
    public void Advance(LockstepGrain grain, ulong index, ulong most, CancellationToken cancellation)
    {
        ulong before = Instructions;
        grain.Advance(interpreter, index, most, cancellation);
        Follow(Instructions - before, cancellation);
    }

    /// <summary>Makes both go on by a number of instructions, in one run each.</summary>
    public void Advance(ulong instructions, CancellationToken cancellation)
    {
        ulong before = Instructions;
        interpreter.Run(instructions, cancellation);
        Follow(Instructions - before, cancellation);
    }

    /// <summary>Compares everything but memory, or everything.</summary>
    /// <param name="withMemory">Whether memory is compared.</param>
    /// <returns>What differs.</returns>
    public List<StateDifference> Compare(bool withMemory)
    {
        List<StateDifference> differences = [];
        if (interpreter.Ending != translator.Ending)
        {
            differences.Add(new StateDifference("end", interpreter.Ending ?? "goes on", translator.Ending ?? "goes on"));
        }

        for (int i = 0; i < interpreter.Vcpus.Count; i++)
        {
            string prefix = interpreter.Vcpus.Count == 1 ? string.Empty : $"vCPU {i} ";
            VcpuComparison.Compare(interpreter.Vcpus[i], translator.Vcpus[i], prefix, differences);
        }

        CompareEvents(differences);
        if (withMemory)
        {
            MemoryComparison.Compare(interpreter.Memory, translator.Memory, differences);
        }

        return differences;
    }

    /// <summary>Drops the events so far.</summary>
    public void ForgetEvents()
    {
        interpreter.ForgetEvents();
        translator.ForgetEvents();
    }

    public void Dispose()
    {
        interpreter.Dispose();
        translator.Dispose();
    }

    // The interpreter may have been asked for more and have ended; it takes another run to see that, and retires nothing.
    private void Follow(ulong instructions, CancellationToken cancellation)
    {
        if (instructions > 0)
        {
            translator.Run(instructions, cancellation);
        }

        if (interpreter.Ending is not null && translator.Ending is null)
        {
            translator.Run(1, cancellation);
        }
    }

    // Only the first that differs: those behind it follow from it.
    private void CompareEvents(List<StateDifference> differences)
    {
        IReadOnlyList<LockstepEvent> a = interpreter.Events;
        IReadOnlyList<LockstepEvent> b = translator.Events;
        for (int i = 0; i < Math.Max(a.Count, b.Count); i++)
        {
            LockstepEvent? left = i < a.Count ? a[i] : null;
            LockstepEvent? right = i < b.Count ? b[i] : null;
            if (left != right)
            {
                differences.Add(new StateDifference("exit", left?.ToString() ?? "none", right?.ToString() ?? "none"));
                return;
            }
        }
    }
}
