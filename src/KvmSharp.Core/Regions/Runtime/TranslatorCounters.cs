namespace KvmSharp.Regions;

/// <summary>What one vCPU's translator counts. Written by the vCPU's thread, but for what the compiler adds.</summary>
internal sealed class TranslatorCounters
{
    /// <summary>Gets or sets the regions put in place.</summary>
    public ulong Regions { get; set; }

    /// <summary>Gets or sets the regions dropped because their code changed, or to make room.</summary>
    public ulong Dropped { get; set; }

    /// <summary>Gets or sets the guest instructions in the regions put in place.</summary>
    public ulong RegionInstructions { get; set; }

    /// <summary>Gets or sets the processor time that compiling took, in nanoseconds.</summary>
    public long CompileNanoseconds { get; set; }
}
