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

    /// <summary>Gets the exits for a reason, those handled in place included.</summary>
    /// <param name="reason">The reason.</param>
    /// <returns>The count.</returns>
    public ulong ExitsOf(VmExitReason reason) => _engine.Statistics.ExitsOf(reason);
}
