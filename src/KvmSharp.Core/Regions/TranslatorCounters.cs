namespace KvmSharp.Regions;

/// <summary>What one vCPU's translator counts. Written by the vCPU's thread, but for what the compiler adds.</summary>
internal sealed class TranslatorCounters
{
    private readonly ulong[] _exits = new ulong[Enum.GetValues<SideExitReason>().Length];

    /// <summary>Gets or sets the regions put in place.</summary>
    public ulong Regions { get; set; }

    /// <summary>Gets or sets the regions dropped because their code changed, or to make room.</summary>
    public ulong Dropped { get; set; }

    /// <summary>Gets or sets the guest instructions in the regions put in place.</summary>
    public ulong RegionInstructions { get; set; }

    /// <summary>Gets or sets the processor time that compiling took, in nanoseconds.</summary>
    public long CompileNanoseconds { get; set; }

    /// <summary>Gets or sets the guest instructions retired in regions.</summary>
    public ulong Retired { get; set; }

    public void Count(SideExitReason reason) => _exits[(int)reason]++;

    public ulong ExitsFor(SideExitReason reason) => _exits[(int)reason];
}
