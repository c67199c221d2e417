using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>SETcc and CMOVcc.</summary>
internal sealed class ConditionTranslation : InstructionTranslation
{
    private static readonly Mnemonic[] Sets =
    [
        Mnemonic.Seto, Mnemonic.Setno, Mnemonic.Setb, Mnemonic.Setae, Mnemonic.Sete, Mnemonic.Setne, Mnemonic.Setbe, Mnemonic.Seta,
        Mnemonic.Sets, Mnemonic.Setns, Mnemonic.Setp, Mnemonic.Setnp, Mnemonic.Setl, Mnemonic.Setge, Mnemonic.Setle, Mnemonic.Setg,
    ];

    private static readonly Mnemonic[] Moves =
    [
        Mnemonic.Cmovo, Mnemonic.Cmovno, Mnemonic.Cmovb, Mnemonic.Cmovae, Mnemonic.Cmove, Mnemonic.Cmovne, Mnemonic.Cmovbe, Mnemonic.Cmova,
        Mnemonic.Cmovs, Mnemonic.Cmovns, Mnemonic.Cmovp, Mnemonic.Cmovnp, Mnemonic.Cmovl, Mnemonic.Cmovge, Mnemonic.Cmovle, Mnemonic.Cmovg,
    ];

    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => Sets.Concat(Moves);

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) =>
        HasPlainOperands(instruction) && (instruction.OpCount == 2 || instruction.Op0Kind == OpKind.Register);

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        int condition = Array.IndexOf(Sets, instruction.Mnemonic);
        if (condition >= 0)
        {
            emitter.EmitTest(condition);
            emitter.EmitWrite(instruction.Op0Register);
            return;
        }

        // The operand is read, and a 32-bit destination extended, whether the condition holds or not.
        int width = WidthOf(instruction, 0);
        LocalBuilder value = emitter.ValueA(width);
        EmitOperand(emitter, 1, width, value);
        Label moved = emitter.Il.DefineLabel();
        emitter.EmitBranchIf(Array.IndexOf(Moves, instruction.Mnemonic), moved);
        emitter.EmitRead(instruction.Op0Register);
        emitter.Il.Emit(OpCodes.Stloc, value);
        emitter.Il.MarkLabel(moved);
        emitter.Il.Emit(OpCodes.Ldloc, value);
        emitter.EmitWrite(instruction.Op0Register);
    }
}
