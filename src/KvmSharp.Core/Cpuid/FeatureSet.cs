namespace KvmSharp.Cpuid;

/// <summary>A set of feature bits. Immutable.</summary>
internal sealed class FeatureSet
{
    private const int Words = 7;
    private const int WordBits = 32;

    private readonly uint[] _words = new uint[Words];

    /// <summary>Initializes a new instance of the <see cref="FeatureSet"/> class.</summary>
    /// <param name="features">The members.</param>
    public FeatureSet(params ReadOnlySpan<CpuFeature> features)
    {
        foreach (CpuFeature feature in features)
        {
            _words[(int)feature / WordBits] |= 1u << ((int)feature % WordBits);
        }
    }

    private FeatureSet(uint[] words) => _words = words;

    /// <summary>Reads the bits off a table.</summary>
    /// <param name="table">What CPUID answers.</param>
    /// <returns>The set.</returns>
    public static FeatureSet Of(CpuidTable table)
    {
        CpuidEntry basic = EntryOf(table, 1);
        CpuidEntry structured = EntryOf(table, 7);
        CpuidEntry extended = EntryOf(table, CpuidTable.ExtendedRange + 1);
        return new FeatureSet([basic.Edx, basic.Ecx, structured.Ebx, structured.Ecx, extended.Edx, extended.Ecx, structured.Edx]);
    }

    public bool Has(CpuFeature feature) => (_words[(int)feature / WordBits] >> ((int)feature % WordBits) & 1) != 0;

    /// <summary>Gives the 32 bits of one output register.</summary>
    /// <param name="word">The register.</param>
    /// <returns>Its bits.</returns>
    public uint Word(FeatureWord word) => _words[(int)word / WordBits];

    /// <summary>Gives what two sets share.</summary>
    /// <param name="other">The other set.</param>
    /// <returns>The members of both.</returns>
    public FeatureSet And(FeatureSet other) => new([.. _words.Zip(other._words, static (mine, theirs) => mine & theirs)]);

    // A leaf that is not there is answered with another one's data, whose bits mean something else.
    private static CpuidEntry EntryOf(CpuidTable table, uint leaf) => table.Contains(leaf) ? table.Find(leaf, 0) : default;
}
