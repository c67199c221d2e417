using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>IMUL with two and three operands, MUL and IMUL of the accumulator with 32 bits, DIV with 32 bits.</summary>
internal sealed class MultiplyTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => [Mnemonic.Imul, Mnemonic.Mul, Mnemonic.Div];

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) =>
        HasPlainOperands(instruction) && (instruction.OpCount > 1 ? WidthOf(instruction, 0) >= 4 : WidthOf(instruction, 0) == 4);

    /// <inheritdoc/>
    public override FlagKind FlagsOf(in Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Imul => new FlagKind(FlagOperation.Imul, WidthOf(instruction, 0)),
        Mnemonic.Mul => new FlagKind(FlagOperation.Mul, WidthOf(instruction, 0)),
        _ => FlagKind.Untouched,
    };

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        if (instruction.Mnemonic == Mnemonic.Div)
        {
            Divide(emitter);
        }
        else if (instruction.OpCount == 1)
        {
            MultiplyAccumulator(emitter, signed: instruction.Mnemonic == Mnemonic.Imul);
        }
        else
        {
            MultiplyLow(emitter);
        }
    }

    private static void MultiplyLow(RegionEmitter e)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        int width = WidthOf(instruction, 0);
        LocalBuilder a = e.ValueA(width);
        LocalBuilder b = e.ValueB(width);
        EmitOperand(e, instruction.OpCount - 1, width, b);
        EmitOperand(e, instruction.OpCount - 2, width, a);
        e.Il.Emit(OpCodes.Ldloc, a);
        e.Il.Emit(OpCodes.Ldloc, b);
        e.Il.Emit(OpCodes.Mul);
        e.EmitWrite(instruction.Op0Register);
        e.EmitSetFlags(FlagOperation.Imul, width, a, b);
    }

    private static void MultiplyAccumulator(RegionEmitter e, bool signed)
    {
        OpCode extend = signed ? OpCodes.Conv_I8 : OpCodes.Conv_U8;
        LocalBuilder a = e.ValueA(sizeof(int));
        LocalBuilder b = e.ValueB(sizeof(int));
        LocalBuilder product = e.Result(sizeof(long));
        EmitOperand(e, 0, sizeof(int), b);
        e.EmitRead(Register.EAX);
        e.Il.Emit(OpCodes.Stloc, a);
        e.Il.Emit(OpCodes.Ldloc, a);
        e.Il.Emit(extend);
        e.Il.Emit(OpCodes.Ldloc, b);
        e.Il.Emit(extend);
        e.Il.Emit(OpCodes.Mul);
        e.Il.Emit(OpCodes.Stloc, product);
        e.EmitWriteHalves(product);
        e.EmitSetFlags(signed ? FlagOperation.Imul : FlagOperation.Mul, sizeof(int), a, b);
    }

    // A quotient that does not fit, and a divisor of 0, are left to the interpreter, which raises #DE.
    private static void Divide(RegionEmitter e)
    {
        LocalBuilder divisor = e.ValueA(sizeof(long));
        LocalBuilder dividend = e.ValueB(sizeof(long));
        LocalBuilder quotient = e.Result(sizeof(long));
        LocalBuilder narrow = e.ValueA(sizeof(int));
        EmitOperand(e, 0, sizeof(int), narrow);
        e.EmitRead(Register.EDX);
        e.Il.Emit(OpCodes.Ldloc, narrow);
        e.Il.Emit(OpCodes.Bge_Un, e.ExitHere(SideExitReason.Instruction));
        e.Il.Emit(OpCodes.Ldloc, narrow);
        e.Il.Emit(OpCodes.Conv_U8);
        e.Il.Emit(OpCodes.Stloc, divisor);
        e.EmitRead(Register.EDX);
        e.Il.Emit(OpCodes.Conv_U8);
        e.Il.Emit(OpCodes.Ldc_I4, 32);
        e.Il.Emit(OpCodes.Shl);
        e.EmitRead(Register.EAX);
        e.Il.Emit(OpCodes.Conv_U8);
        e.Il.Emit(OpCodes.Or);
        e.Il.Emit(OpCodes.Stloc, dividend);
        e.Il.Emit(OpCodes.Ldloc, dividend);
        e.Il.Emit(OpCodes.Ldloc, divisor);
        e.Il.Emit(OpCodes.Div_Un);
        e.Il.Emit(OpCodes.Stloc, quotient);
        e.Il.Emit(OpCodes.Ldloc, dividend);
        e.Il.Emit(OpCodes.Ldloc, quotient);
        e.Il.Emit(OpCodes.Ldloc, divisor);
        e.Il.Emit(OpCodes.Mul);
        e.Il.Emit(OpCodes.Sub);
        e.Il.Emit(OpCodes.Conv_I4);
        e.EmitWrite(Register.EDX);
        e.Il.Emit(OpCodes.Ldloc, quotient);
        e.Il.Emit(OpCodes.Conv_I4);
        e.EmitWrite(Register.EAX);
    }
}
