using System.Buffers.Binary;
using System.Text;

namespace KvmSharp.Cpuid;

/// <summary>What a processor model is: signature, name, and the features of the real one.</summary>
/// <remarks>
/// Leaves 2 and 4 say that there is no cache, which is true here. Features that no model lists (APIC, thermal monitor ...) belong to
/// the board or to nothing that a program could notice.
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
        CpuFeature.MachineCheckException, CpuFeature.CompareExchange8Bytes, CpuFeature.SysenterSysexit, CpuFeature.MemoryTypeRanges,
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
        CpuFeature.Aes, CpuFeature.Xsave, CpuFeature.FsGsBase, CpuFeature.Bmi1, CpuFeature.SupervisorExecutionPrevention,
        CpuFeature.Adx, CpuFeature.SupervisorAccessPrevention, CpuFeature.UserModeInstructionPrevention, CpuFeature.GigabytePages,
        CpuFeature.Rdtscp, CpuFeature.Lzcnt,
    ];

    /// <summary>Gets the Intel486 DX2, whose CPUID has leaves 0 and 1 only.</summary>
    public static ModelTemplate Intel486 { get; } = new() { Signature = 0x0435, LastBasic = 1, Features = [CpuFeature.Fpu] };

    public static ModelTemplate PentiumIII { get; } = new() { Signature = 0x0683, BrandIndex = 2, LastBasic = 2, Features = PentiumIIIFeatures };

    public static ModelTemplate Core2 { get; } = new() { Signature = 0x06FB, LastBasic = 7, Brand = "core2", Features = Core2Features };

    /// <summary>Gets the model of all features. No real processor has them all and no more; the signature is that of the first with long mode of this family.</summary>
    public static ModelTemplate Max { get; } = new() { Signature = 0x06FB, LastBasic = TimeLeaf, Brand = "max", Features = MaxFeatures };

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

    private const uint CacheLeaf = 2;
    private const uint StructuredLeaf = 7;
    private const uint SaveAreaLeaf = 0xD;
    private const uint TimeLeaf = 0x15;

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
            yield return new CpuidEntry(StructuredLeaf, 0, 0, features.Word(FeatureWord.Structured), features.Word(FeatureWord.StructuredMore), 0);
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

        if (Brand is not null)
        {
            foreach (CpuidEntry entry in CreateExtended(features, $"KvmSharp virtual CPU ({Brand})"))
            {
                yield return entry;
            }
        }
    }

    private static IEnumerable<CpuidEntry> CreateExtended(FeatureSet features, string name)
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

        uint linearBits = features.Has(CpuFeature.LongMode) ? Memory.Canonical.Bits : 32u;
        yield return new CpuidEntry(LastExtended, 0, PhysicalBits | (linearBits << 8), 0, 0, 0);
    }

    private static uint Text(byte[] text, int at) => BinaryPrimitives.ReadUInt32LittleEndian(text.AsSpan(at));
}
