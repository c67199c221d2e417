using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Cpuid;

/// <summary>What a processor model is: signature, name, and the features of the real one.</summary>
/// <remarks>
/// Leaves 2 and 4 say that there is no cache, which is true here. Features that no model lists (thermal monitor ...) belong to
/// nothing that a program could notice. The local APIC is told of only where the machine has it.
/// </remarks>
internal sealed record ModelTemplate
{
    private const uint Extended = CpuidTable.ExtendedRange;
    private const int BrandBytes = 48;
    private const int BytesInLeaf = 16;

    private static readonly CpuFeature[] PentiumIIIFeatures =
    [
        CpuFeature.Fpu, CpuFeature.Virtual8086Extensions, CpuFeature.DebuggingExtensions, CpuFeature.PageSizeExtensions,
        CpuFeature.TimeStampCounter, CpuFeature.ModelSpecificRegisters, CpuFeature.PhysicalAddressExtension,
        CpuFeature.MachineCheckException, CpuFeature.CompareExchange8Bytes, CpuFeature.Apic, CpuFeature.SysenterSysexit, CpuFeature.MemoryTypeRanges,
        CpuFeature.PageGlobalEnable, CpuFeature.MachineCheckArchitecture, CpuFeature.ConditionalMove, CpuFeature.PageAttributeTable,
        CpuFeature.PageSizeExtension36, CpuFeature.Mmx, CpuFeature.FxsaveFxrstor, CpuFeature.Sse,
    ];

    private static readonly CpuFeature[] Core2Features =
    [
        .. PentiumIIIFeatures, CpuFeature.CacheLineFlush, CpuFeature.Sse2, CpuFeature.Sse3, CpuFeature.MonitorMwait, CpuFeature.Ssse3,
        CpuFeature.CompareExchange16Bytes, CpuFeature.SyscallSysret, CpuFeature.ExecuteDisable, CpuFeature.LongMode,
        CpuFeature.LahfInLongMode,
    ];

    private static readonly CpuFeature[] MaxFeatures =
    [
        .. Core2Features, CpuFeature.CarrylessMultiply, CpuFeature.Sse41, CpuFeature.Sse42, CpuFeature.Movbe, CpuFeature.Popcnt,
        CpuFeature.Aes, CpuFeature.Xsave, CpuFeature.FsGsBase, CpuFeature.TimeStampAdjust, CpuFeature.Bmi1, CpuFeature.SupervisorExecutionPrevention,
        CpuFeature.EnhancedRepMovsb, CpuFeature.FastShortRepMov, CpuFeature.IndirectBranchControl, CpuFeature.ArchitecturalCapabilities,
        CpuFeature.Adx, CpuFeature.SupervisorAccessPrevention, CpuFeature.UserModeInstructionPrevention, CpuFeature.GigabytePages,
        CpuFeature.Rdtscp, CpuFeature.Lzcnt, CpuFeature.X2Apic, CpuFeature.TscDeadline, CpuFeature.Hypervisor,
    ];

    /// <summary>Gets the Intel486 DX2, whose CPUID has leaves 0 and 1 only.</summary>
    public static ModelTemplate Intel486 { get; } = new() { Signature = 0x0435, LastBasic = 1, Features = [CpuFeature.Fpu] };

    public static ModelTemplate PentiumIII { get; } = new() { Signature = 0x0683, BrandIndex = 2, LastBasic = 2, Features = PentiumIIIFeatures };

    public static ModelTemplate Core2 { get; } = new() { Signature = 0x06FB, LastBasic = 7, Brand = "core2", Features = Core2Features };

    /// <summary>Gets the model of all features. No real processor has them all and no more; the signature is that of the first with long mode of this family.</summary>
    public static ModelTemplate Max { get; } = new() { Signature = 0x06FB, LastBasic = FrequencyLeaf, HasInvariantTsc = true, Brand = "max", Features = MaxFeatures };

    /// <summary>Gets EAX of leaf 1: extended family and model, family, model, stepping.</summary>
    public required uint Signature { get; init; }

    /// <summary>Gets the highest basic leaf.</summary>
    public required uint LastBasic { get; init; }

    /// <summary>Gets what the real processor has.</summary>
    public required CpuFeature[] Features { get; init; }

    /// <summary>Gets the index of a name in Intel's list, for processors that have no name of their own; 0 for none.</summary>
    public uint BrandIndex { get; init; }

    /// <summary>Gets the model's name in the brand string; without one there are no extended leaves.</summary>
    public string? Brand { get; init; }

    /// <summary>Gets a value indicating whether the time-stamp counter runs at one rate in every state of the processor.</summary>
    public bool HasInvariantTsc { get; init; }

    private const uint CacheLeaf = 2;
    private const uint StructuredLeaf = 7;
    private const uint SaveAreaLeaf = 0xD;
    private const uint TimeLeaf = 0x15;
    private const uint FrequencyLeaf = 0x16;

    /// <summary>Makes the table: what the model has and this core does.</summary>
    /// <returns>The table.</returns>
    public CpuidTable CreateTable() => new(CreateEntries(new FeatureSet(Features).And(ImplementedFeatures.All)));

    private IEnumerable<CpuidEntry> CreateEntries(FeatureSet features)
    {
        const uint FlushedLine = 8 << 8; // in units of 8 bytes
        byte[] vendor = "GenuineIntel"u8.ToArray();
        uint flush = features.Has(CpuFeature.CacheLineFlush) ? FlushedLine : 0;
        yield return new CpuidEntry(0, 0, LastBasic, Text(vendor, 0), Ecx: Text(vendor, 8), Edx: Text(vendor, 4));
        yield return new CpuidEntry(1, 0, Signature, BrandIndex | flush, features.Word(FeatureWord.Extension), features.Word(FeatureWord.Basic));
        if (LastBasic >= CacheLeaf)
        {
            yield return new CpuidEntry(CacheLeaf, 0, 1, 0, 0, 0); // one call tells all, and all is nothing
        }

        if (LastBasic >= StructuredLeaf)
        {
            yield return new CpuidEntry(StructuredLeaf, 0, 0, features.Word(FeatureWord.Structured), features.Word(FeatureWord.StructuredMore), features.Word(FeatureWord.StructuredMost));
        }

        if (features.Has(CpuFeature.Xsave))
        {
            // x87 and SSE state: the legacy region and the header, nothing behind them.
            const uint X87AndSse = 3;
            const uint AreaBytes = 576;
            yield return new CpuidEntry(SaveAreaLeaf, 0, X87AndSse, AreaBytes, AreaBytes, 0);
            yield return new CpuidEntry(SaveAreaLeaf, 1, 0, 0, 0, 0);
        }

        if (LastBasic >= TimeLeaf)
        {
            const uint CrystalHertz = 1_000_000_000;
            yield return new CpuidEntry(TimeLeaf, 0, 1, 1, CrystalHertz, 0); // the time-stamp counter counts nanoseconds
        }

        if (LastBasic >= FrequencyLeaf)
        {
            const uint Megahertz = 1000;
            const uint BusMegahertz = 100;
            yield return new CpuidEntry(FrequencyLeaf, 0, Megahertz, Megahertz, BusMegahertz, 0);
        }

        if (features.Has(CpuFeature.Hypervisor))
        {
            foreach (CpuidEntry entry in CreateHypervisor())
            {
                yield return entry;
            }
        }

        if (Brand is not null)
        {
            foreach (CpuidEntry entry in CreateExtended(features, $"KvmSharp virtual CPU ({Brand})"))
            {
                yield return entry;
            }
        }
    }

    // Who is behind the processor, and its frequencies in kHz, in the place where VMware, KVM and others tell them.
    private static IEnumerable<CpuidEntry> CreateHypervisor()
    {
        const uint First = CpuidTable.HypervisorRange;
        const uint Frequencies = First + 0x10;
        const uint Kilohertz = 1_000_000; // of the time-stamp counter, and of the local APIC's timer
        byte[] signature = "KvmSharpKvmS"u8.ToArray();
        yield return new CpuidEntry(First, 0, Frequencies, Text(signature, 0), Text(signature, 4), Text(signature, 8));
        yield return new CpuidEntry(Frequencies, 0, Kilohertz, Kilohertz, 0, 0);
    }

    private IEnumerable<CpuidEntry> CreateExtended(FeatureSet features, string name)
    {
        const uint LastExtended = Extended + 8;
        const uint PhysicalBits = Paging.PhysicalAddress.Bits;
        yield return new CpuidEntry(Extended, 0, LastExtended, 0, 0, 0);
        yield return new CpuidEntry(Extended + 1, 0, 0, 0, features.Word(FeatureWord.ExtendedMore), features.Word(FeatureWord.Extended));

        byte[] brand = new byte[BrandBytes];
        _ = Encoding.ASCII.GetBytes(name, brand);
        for (int at = 0; at < BrandBytes; at += BytesInLeaf)
        {
            uint leaf = Extended + 2 + (uint)(at / BytesInLeaf);
            yield return new CpuidEntry(leaf, 0, Text(brand, at), Text(brand, at + 4), Text(brand, at + 8), Text(brand, at + 12));
        }

        const uint InvariantTsc = 1 << 8;
        yield return new CpuidEntry(Extended + 7, 0, 0, 0, 0, HasInvariantTsc ? InvariantTsc : 0);

        uint linearBits = features.Has(CpuFeature.LongMode) ? Memory.Canonical.Bits : 32u;
        yield return new CpuidEntry(LastExtended, 0, PhysicalBits | (linearBits << 8), 0, 0, 0);
    }

    private static uint Text(byte[] text, int at) => BinaryPrimitives.ReadUInt32LittleEndian(text.AsSpan(at));
}
