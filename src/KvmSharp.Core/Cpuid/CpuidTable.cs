using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Cpuid;

/// <summary>What CPUID answers: one entry for each leaf and subleaf. Mirrors what <c>KVM_SET_CPUID2</c> sets for a vCPU.</summary>
internal sealed class CpuidTable
{
    /// <summary>Leaves from here on are the extended range.</summary>
    public const uint ExtendedRange = 0x8000_0000;

    private readonly Dictionary<(uint Leaf, uint Subleaf), CpuidEntry> _entries;

    /// <summary>Initializes a new instance of the <see cref="CpuidTable"/> class.</summary>
    /// <param name="entries">The entries; of two with the same leaf and subleaf the later one counts.</param>
    public CpuidTable(IEnumerable<CpuidEntry> entries)
    {
        _entries = [];
        foreach (CpuidEntry entry in entries)
        {
            _entries[(entry.Leaf, entry.Subleaf)] = entry;
        }
    }

    /// <summary>Gets the default: a Pentium Pro class processor whose feature bits are exactly what this core does.</summary>
    public static CpuidTable PentiumPro { get; } = new(CreatePentiumPro());

    public IEnumerable<CpuidEntry> Entries => _entries.Values;

    /// <summary>Answers CPUID.</summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX; a leaf that has only subleaf 0 does not look at it.</param>
    /// <returns>
    /// The entry. A leaf above the highest of the basic range, or of the extended range, gives the data of the highest basic leaf
    /// (Intel SDM Vol. 2A, "CPUID"); other leaves that are missing give zeros.
    /// </returns>
    public CpuidEntry Find(uint leaf, uint subleaf)
    {
        uint range = leaf & ExtendedRange;
        uint highest = _entries.TryGetValue((range, 0), out CpuidEntry first) ? first.Eax : 0;
        if (leaf > highest)
        {
            leaf = _entries.TryGetValue((0, 0), out CpuidEntry basic) ? basic.Eax : 0;
        }

        if (_entries.TryGetValue((leaf, subleaf), out CpuidEntry entry))
        {
            return entry;
        }

        bool hasSubleaves = _entries.ContainsKey((leaf, 1));
        return !hasSubleaves && _entries.TryGetValue((leaf, 0), out entry) ? entry : new CpuidEntry(leaf, subleaf, 0, 0, 0, 0);
    }

    private static IEnumerable<CpuidEntry> CreatePentiumPro()
    {
        byte[] vendor = "GenuineIntel"u8.ToArray();
        yield return new CpuidEntry(0, 0, 1, Word(vendor, 0), Ecx: Word(vendor, 8), Edx: Word(vendor, 4));

        // Family 6, model 1. Stepping 9: software distrusts SEP below stepping 3.
        const uint Signature = 0x0000_0619;
        yield return new CpuidEntry(1, 0, Signature, 0, 0, (uint)CpuidFeatures.Offered);

        const uint LastExtended = ExtendedRange + 4;
        yield return new CpuidEntry(ExtendedRange, 0, LastExtended, 0, 0, 0);
        yield return new CpuidEntry(ExtendedRange + 1, 0, 0, 0, 0, 0);

        const int BrandBytes = 48;
        const int BytesInLeaf = 16;
        byte[] brand = new byte[BrandBytes];
        _ = Encoding.ASCII.GetBytes("KvmSharp virtual CPU", brand);
        for (int at = 0; at < BrandBytes; at += BytesInLeaf)
        {
            uint leaf = ExtendedRange + 2 + (uint)(at / BytesInLeaf);
            yield return new CpuidEntry(leaf, 0, Word(brand, at), Word(brand, at + 4), Word(brand, at + 8), Word(brand, at + 12));
        }
    }

    private static uint Word(byte[] text, int at) => BinaryPrimitives.ReadUInt32LittleEndian(text.AsSpan(at));
}

/// <summary>One answer of CPUID. Mirrors <c>struct kvm_cpuid_entry2</c>.</summary>
/// <param name="Leaf">EAX on input.</param>
/// <param name="Subleaf">ECX on input.</param>
/// <param name="Eax">EAX on output.</param>
/// <param name="Ebx">EBX on output.</param>
/// <param name="Ecx">ECX on output.</param>
/// <param name="Edx">EDX on output.</param>
internal readonly record struct CpuidEntry(uint Leaf, uint Subleaf, uint Eax, uint Ebx, uint Ecx, uint Edx);

/// <summary>Feature bits of leaf 1, EDX, that this core implements. Intel SDM Vol. 2A, "CPUID", "Feature Information in EDX".</summary>
[Flags]
internal enum CpuidFeatures : uint
{
    None = 0,
    DebuggingExtensions = 1 << 2,
    PageSizeExtensions = 1 << 3,
    TimeStampCounter = 1 << 4,
    ModelSpecificRegisters = 1 << 5,
    CompareExchange8Bytes = 1 << 8,
    SysenterSysexit = 1 << 11,
    PageGlobalEnable = 1 << 13,
    ConditionalMove = 1 << 15,

    /// <summary>All of them: no FPU, no APIC, no PAE, no virtual-8086 extensions, no machine check, no MTRRs.</summary>
    Offered = DebuggingExtensions | PageSizeExtensions | TimeStampCounter | ModelSpecificRegisters | CompareExchange8Bytes
        | SysenterSysexit | PageGlobalEnable | ConditionalMove,
}
