namespace KvmSharp.Tests.Doubles;

/// <summary>CPUID tables of processors that lack what the default one has.</summary>
internal static class OlderModels
{
    /// <summary>Gets a Pentium Pro without FPU: DE, PSE, TSC, MSR, CX8, SEP, PGE and CMOV.</summary>
    public static CpuidTable PentiumPro { get; } = new([new(0, 0, 1, 0, 0, 0), new(1, 0, 0x619, 0, 0, 0xA93C)]);
}
