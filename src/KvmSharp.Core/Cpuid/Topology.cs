using System.Numerics;

namespace KvmSharp.Cpuid;

/// <summary>What CPUID says of the place of a processor among others. Intel SDM Vol. 2A, "CPUID"; Vol. 3A, "Detecting Hardware Multi-Threading Support and Topology".</summary>
internal static class Topology
{
    private const uint TopologyLeaf = 0xB;
    private const uint SeveralProcessors = 1 << 28; // HTT: leaf 1 counts the logical processors of the package
    private const int CountShift = 16;
    private const int IdShift = 24;
    private const uint KeptEbx = 0xFFFF;
    private const uint ThreadLevel = 1 << 8;
    private const uint CoreLevel = 2 << 8;

    /// <summary>Adds the place to a table.</summary>
    /// <param name="table">The model's table.</param>
    /// <param name="id">The initial APIC id.</param>
    /// <param name="processors">Processors of the package.</param>
    /// <returns>The entries.</returns>
    public static IEnumerable<CpuidEntry> Apply(CpuidTable table, uint id, uint processors)
    {
        var entries = new List<CpuidEntry>(table.Entries);
        if (table.Contains(1))
        {
            CpuidEntry basic = table.Find(1, 0);
            uint several = processors > 1 ? SeveralProcessors : 0;
            uint count = processors > 1 ? processors << CountShift : 0;
            entries.Add(basic with { Ebx = (basic.Ebx & KeptEbx) | count | (id << IdShift), Edx = (basic.Edx & ~SeveralProcessors) | several });
        }

        if (table.Find(0, 0).Eax >= TopologyLeaf)
        {
            uint coreBits = (uint)BitOperations.Log2(BitOperations.RoundUpToPowerOf2(processors));
            entries.Add(new CpuidEntry(TopologyLeaf, 0, 0, 1, ThreadLevel, id));
            entries.Add(new CpuidEntry(TopologyLeaf, 1, coreBits, processors, CoreLevel | 1, id));
            entries.Add(new CpuidEntry(TopologyLeaf, 2, 0, 0, 2, id));
        }

        return entries;
    }
}
