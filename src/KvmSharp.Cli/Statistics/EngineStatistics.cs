namespace KvmSharp.Cli;

/// <summary>What the engine did in a run, on all processors together.</summary>
/// <remarks>The share of accesses that the TLB served is not told: hits are not counted, for counting them would cost what a hit costs.</remarks>
internal sealed record EngineStatistics
{
    /// <summary>Gets the blocks of code decoded.</summary>
    public ulong Blocks { get; init; }

    /// <summary>Gets the regions translated.</summary>
    public ulong Regions { get; init; }

    /// <summary>Gets the regions dropped again.</summary>
    public ulong RegionsDropped { get; init; }

    /// <summary>Gets the guest instructions in all regions translated.</summary>
    public ulong TranslatedInstructions { get; init; }

    /// <summary>Gets the time that translating took, on whatever thread.</summary>
    public TimeSpan TranslationTime { get; init; }

    /// <summary>Gets the instructions retired.</summary>
    public ulong Retired { get; init; }

    /// <summary>Gets those retired in translated code.</summary>
    public ulong RetiredTranslated { get; init; }

    /// <summary>Gets how often control left translated code, by reason; all reasons are there.</summary>
    public IReadOnlyList<KeyValuePair<SideExitReason, ulong>> SideExits { get; init; } = [];

    /// <summary>Gets the translations that the software TLB did not have.</summary>
    public ulong TlbMisses { get; init; }

    /// <summary>Gets the share of instructions retired in translated code, 0 to 100.</summary>
    public double TranslatedPercent => Retired == 0 ? 0 : 100.0 * RetiredTranslated / Retired;

    public static EngineStatistics Collect(IReadOnlyList<VirtualCpu> vcpus)
    {
        ulong Sum(Func<VcpuStatistics, ulong> counter) => vcpus.Aggregate(0UL, (sum, vcpu) => sum + counter(vcpu.Statistics));

        return new EngineStatistics
        {
            Blocks = Sum(static s => s.BlocksDecoded),
            Regions = Sum(static s => s.RegionsTranslated),
            RegionsDropped = Sum(static s => s.RegionsDropped),
            TranslatedInstructions = Sum(static s => s.InstructionsTranslated),
            TranslationTime = TimeSpan.FromTicks(vcpus.Sum(static vcpu => vcpu.Statistics.TranslationTime.Ticks)),
            Retired = vcpus.Aggregate(0UL, static (sum, vcpu) => sum + vcpu.InstructionsRetired),
            RetiredTranslated = Sum(static s => s.InstructionsRetiredTranslated),
            SideExits = [.. Enum.GetValues<SideExitReason>().Select(reason => KeyValuePair.Create(reason, Sum(s => s.SideExitsFor(reason))))],
            TlbMisses = Sum(static s => s.TlbMisses),
        };
    }
}
