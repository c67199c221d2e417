using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Cpuid;

/// <summary>What a CPUID table means for instructions, control bits and registers: the one place that gates them.</summary>
/// <remarks>A feature is there when the table offers it and this core has it. An instruction is there when all its features are.</remarks>
internal sealed class CpuFeatures
{
    private const int FamilyShift = 8;
    private const int FamilyMask = 0xF;

    private readonly FeatureSet _features;
    private readonly int _family;

    /// <summary>Initializes a new instance of the <see cref="CpuFeatures"/> class.</summary>
    /// <param name="table">What CPUID answers.</param>
    public CpuFeatures(CpuidTable table)
    {
        _features = FeatureSet.Of(table).And(ImplementedFeatures.All);
        _family = (int)(table.Signature >> FamilyShift) & FamilyMask;
        Cr4 = ControlFeatures.Cr4(_features);
        Efer = ControlFeatures.Efer(_features);
    }

    /// <summary>Gets the bits of CR4 that may be set.</summary>
    public ulong Cr4 { get; }

    /// <summary>Gets the bits of EFER that may be set.</summary>
    public ulong Efer { get; }

    /// <summary>Tells whether a feature is there.</summary>
    /// <param name="feature">The feature.</param>
    /// <returns>Whether it is.</returns>
    public bool Offers(CpuFeature feature) => _features.Has(feature);

    /// <summary>Finds the instruction that decoded bytes mean on this processor.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="mode">The code mode.</param>
    /// <param name="mnemonic">Its mnemonic, or that of the older instruction with the same bytes.</param>
    /// <returns>False when this processor does not have it.</returns>
    public bool TryFind(in Instruction instruction, uint mode, out Mnemonic mnemonic)
    {
        mnemonic = instruction.Mnemonic;

        // VEX prefixes exist in protected and long mode only; elsewhere their bytes are LES and LDS of a register.
        if (instruction.Encoding == EncodingKind.VEX && (mode & CodeMode.Protected) == 0)
        {
            return false;
        }

        foreach (CpuidFeature feature in instruction.CpuidFeatures)
        {
            if (!Has(feature))
            {
                return TryFallBack(instruction, ref mnemonic);
            }
        }

        return true;
    }

    private bool Has(CpuidFeature feature) => feature switch
    {
        CpuidFeature.MULTIBYTENOP or CpuidFeature.RDPMC => _family >= 6,
        _ => InstructionFeatures.IsOfEveryModel(feature) || (InstructionFeatures.Find(feature) is { } found && _features.Has(found)),
    };

    // Bytes that a processor gave a new meaning to keep the old one on those before it. Intel SDM Vol. 2, "TZCNT", "LZCNT", "WBNOINVD";
    // Vol. 2A, appendix A, "Opcode Map": 0F 18 to 0F 1F are hints, which the Pentium Pro and its successors take for NOP.
    private bool TryFallBack(in Instruction instruction, ref Mnemonic mnemonic)
    {
        const uint FirstHint = 0x18;
        const uint LastHint = 0x1F;
        const uint AmdPrefetch = 0x0D;
        OpCodeInfo code = instruction.OpCode;
        uint first = code.OpCode >> (8 * (code.OpCodeLength - 1)); // ENDBR counts its ModR/M byte to the opcode
        if (code.Table == OpCodeTableKind.T0F && code.Encoding == EncodingKind.Legacy && first is AmdPrefetch or (>= FirstHint and <= LastHint))
        {
            mnemonic = Mnemonic.Nop;
            return _family >= 6;
        }

        Mnemonic older = mnemonic switch
        {
            Mnemonic.Tzcnt => Mnemonic.Bsf,
            Mnemonic.Lzcnt => Mnemonic.Bsr,
            Mnemonic.Wbnoinvd => Mnemonic.Wbinvd,
            _ => Mnemonic.INVALID,
        };
        mnemonic = older;
        return older != Mnemonic.INVALID;
    }
}
