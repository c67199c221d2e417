namespace KvmSharp;

/// <summary>What CPUID answers: one entry for each leaf and subleaf. Mirrors <c>struct kvm_cpuid2</c>. Immutable.</summary>
/// <remarks>
/// The guest is told what the table says; it gets what the table says and the core can do. So a table may claim an instruction that does
/// not exist here: it raises #UD. Some bits of leaf 1 are the processor's own: OSXSAVE (ECX bit 27) follows CR4, APIC (EDX bit 9) follows
/// IA32_APIC_BASE, and without local APICs it, x2APIC (ECX bit 21) and TSC-deadline (ECX bit 24) read 0.
/// </remarks>
public sealed class CpuidTable
{
    /// <summary>Leaves from here on are the extended range.</summary>
    public const uint ExtendedRange = 0x8000_0000;

    /// <summary>Leaves from here on tell of the hypervisor, if the table has any.</summary>
    public const uint HypervisorRange = 0x4000_0000;

    private const uint StructuredFeatures = 7; // looks at ECX also where there is only subleaf 0

    private readonly Dictionary<(uint Leaf, uint Subleaf), CpuidEntry> _entries = [];

    /// <summary>Initializes a new instance of the <see cref="CpuidTable"/> class.</summary>
    /// <param name="entries">The entries; of two with the same leaf and subleaf the later one counts.</param>
    public CpuidTable(IEnumerable<CpuidEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        foreach (CpuidEntry entry in entries)
        {
            _entries[(entry.Leaf, entry.Subleaf)] = entry;
        }
    }

    /// <summary>Gets the entries, in no particular order.</summary>
    public IReadOnlyCollection<CpuidEntry> Entries => _entries.Values;

    /// <summary>Gets the processor signature: family, model and stepping as EAX of leaf 1 gives them.</summary>
    public uint Signature => Contains(1) ? Find(1, 0).Eax : 0;

    /// <summary>Tells whether a leaf is there, so that <see cref="Find"/> does not answer with another one.</summary>
    /// <param name="leaf">The leaf.</param>
    /// <returns>Whether it has an entry for subleaf 0.</returns>
    public bool Contains(uint leaf) => _entries.ContainsKey((leaf, 0));

    /// <summary>Answers CPUID.</summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX; a leaf that has only subleaf 0 does not look at it.</param>
    /// <returns>
    /// The entry. A leaf above the highest of the basic range, or of the extended range, gives the data of the highest basic leaf
    /// (Intel SDM Vol. 2A, "CPUID"); other leaves that are missing give zeros.
    /// </returns>
    public CpuidEntry Find(uint leaf, uint subleaf)
    {
        uint range = leaf >= ExtendedRange ? ExtendedRange : leaf >= HypervisorRange && Contains(HypervisorRange) ? HypervisorRange : 0;
        uint highest = _entries.TryGetValue((range, 0), out CpuidEntry first) ? first.Eax : 0;
        if (leaf > highest)
        {
            leaf = _entries.TryGetValue((0, 0), out CpuidEntry basic) ? basic.Eax : 0;
        }

        if (_entries.TryGetValue((leaf, subleaf), out CpuidEntry entry))
        {
            return entry;
        }

        bool hasSubleaves = leaf is StructuredFeatures || _entries.ContainsKey((leaf, 1));
        return !hasSubleaves && _entries.TryGetValue((leaf, 0), out entry) ? entry : new CpuidEntry(leaf, subleaf, 0, 0, 0, 0);
    }

    /// <summary>Makes a table that tells a processor of a machine with local APICs which one it is.</summary>
    /// <param name="apicId">Its initial APIC id: the vCPU's id.</param>
    /// <param name="processors">How many processors the machine has: cores of one package, without hyper-threading.</param>
    /// <returns>The new table: leaf 1, and leaf 0Bh where the processor knows it.</returns>
    public CpuidTable WithProcessor(int apicId, int processors) => new(Cpuid.Topology.Apply(this, (uint)apicId, (uint)processors));

    /// <summary>Makes a table with one entry added or replaced.</summary>
    /// <param name="entry">The entry.</param>
    /// <returns>The new table.</returns>
    public CpuidTable With(CpuidEntry entry) => new(Entries.Append(entry));
}
