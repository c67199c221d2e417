using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>Which instructions are translated, and by what. All others call the interpreter's handler.</summary>
internal static class Translation
{
    private const RflagsBits Arithmetic =
        RflagsBits.OF | RflagsBits.SF | RflagsBits.ZF | RflagsBits.AF | RflagsBits.CF | RflagsBits.PF;

    private static readonly Dictionary<Mnemonic, InstructionTranslation[]> Table = Collect(
        new MoveTranslation(), new BinaryTranslation(), new UnaryTranslation(), new ShiftTranslation(), new MultiplyTranslation(), new StackTranslation(), new StringTranslation(), new ConditionTranslation(),
        new PackedTranslation(), new FloatTranslation(), new FloatComparisonTranslation(), new FloatConversionTranslation(), new X87Translation());

    /// <summary>Translates the instruction at hand.</summary>
    /// <param name="emitter">Where to.</param>
    /// <returns><see langword="false"/> when it is left to the interpreter's handler; nothing was emitted then.</returns>
    public static bool TryEmit(RegionEmitter emitter)
    {
        if (Find(emitter.Instruction, emitter.Op, emitter.Mode, emitter.FlagsAreDead) is not { } translation)
        {
            return false;
        }

        translation.Emit(emitter);
        return true;
    }

    /// <summary>Tells how flags are kept behind an instruction.</summary>
    /// <returns>The kind, or <see cref="FlagKind.Untouched"/>.</returns>
    public static FlagKind FlagsOf(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead)
    {
        if (Find(instruction, op, mode, flagsAreDead) is { } translation)
        {
            return flagsAreDead ? FlagKind.Untouched : translation.FlagsOf(instruction);
        }

        return TouchesFlags(instruction) ? FlagKind.Canonical : FlagKind.Untouched;
    }

    /// <summary>Tells whether a handler reads or changes the arithmetic flags.</summary>
    public static bool TouchesFlags(in Instruction instruction) => ((instruction.RflagsRead | instruction.RflagsModified) & Arithmetic) != 0;

    private static InstructionTranslation? Find(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead)
    {
        if (instruction.HasLockPrefix || !Table.TryGetValue(instruction.Mnemonic, out InstructionTranslation[]? candidates))
        {
            return null;
        }

        foreach (InstructionTranslation candidate in candidates)
        {
            if (candidate.Takes(instruction, op, mode, flagsAreDead))
            {
                return candidate;
            }
        }

        return null;
    }

    // MOVSD is a string instruction and one of SSE2: a mnemonic may belong to several groups.
    private static Dictionary<Mnemonic, InstructionTranslation[]> Collect(params InstructionTranslation[] groups) => groups
        .SelectMany(group => group.Mnemonics.Select(mnemonic => (mnemonic, group)))
        .GroupBy(pair => pair.mnemonic, pair => pair.group)
        .ToDictionary(group => group.Key, group => group.ToArray());
}
