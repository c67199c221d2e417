using KvmSharp.Engine;

namespace KvmSharp;

/// <summary>Counters of one vCPU since its creation. KVM_GET_STATS_FD.</summary>
public sealed class VcpuStatistics
{
    private readonly VcpuEngine _engine;

    internal VcpuStatistics(VcpuEngine engine) => _engine = engine;

    /// <summary>Gets the external interrupts and NMIs delivered.</summary>
    public ulong Interrupts => _engine.Statistics.Interrupts;

    /// <summary>Gets the exceptions delivered, faults inside deliveries not counted apart.</summary>
    public ulong Exceptions => _engine.Statistics.Exceptions;

    /// <summary>Gets the blocks of code decoded.</summary>
    public ulong BlocksDecoded => _engine.Code.Decoded;

    /// <summary>Gets the translations that the software TLB did not have.</summary>
    public ulong TlbMisses => _engine.Mmu.Misses;

    /// <summary>Gets the regions that were translated and put in place.</summary>
    public ulong RegionsTranslated => _engine.TranslatorCounters.Regions;

    /// <summary>Gets the regions that were dropped again: their code changed, or room was needed.</summary>
    public ulong RegionsDropped => _engine.TranslatorCounters.Dropped;

    /// <summary>Gets the guest instructions in all regions put in place.</summary>
    public ulong InstructionsTranslated => _engine.TranslatorCounters.RegionInstructions;

    /// <summary>Gets the time that translating took, on whatever thread.</summary>
    public TimeSpan TranslationTime => TimeSpan.FromMicroseconds(_engine.TranslatorCounters.CompileNanoseconds / 1000);

    /// <summary>Gets the guest instructions retired in translated code; the interpreter retired the others.</summary>
    public ulong InstructionsRetiredTranslated => _engine.TranslatedInstructions;

    /// <summary>Gets how often control left translated code for a reason.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The count.</returns>
    public ulong SideExitsFor(SideExitReason reason) => _engine.SideExitsFor(reason);

    /// <summary>Gets the exits for a reason, those handled in place included.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The count.</returns>
    public ulong ExitsOf(VmExitReason reason) => _engine.Statistics.ExitsOf(reason);

    /// <summary>Gets how often VT-x would have left the guest for a reason: exits of ours that stand for it, and intercepts, counted ones too.</summary>
    /// <param name="reason">The reason by Intel's number.</param>
    /// <returns>The count. An occurrence counts once, also when an intercepted HLT or MSR access leads to an exit of its own.</returns>
    /// <remarks>Ends of <c>Run</c> by budget, kick, interrupt window and their like are not counted, nor is <see cref="ShadowPaging"/>.</remarks>
    public ulong ExitsOf(BasicExitReason reason) => _engine.Statistics.ExitsOf(reason);

    /// <summary>Gets how often something was intercepted, by <see cref="InterceptMode.Count"/> or <see cref="InterceptMode.Exit"/>.</summary>
    /// <param name="kind">The kind.</param>
    /// <returns>The count.</returns>
    public ulong InterceptsOf(InterceptKind kind) => _engine.Statistics.Of(kind);

    /// <summary>Gets the exits that shadow paging would have caused, while <see cref="VirtualCpu.CountShadowPagingExits"/> was set.</summary>
    public ShadowPagingExits ShadowPaging => _engine.ShadowPagingExits;
}
