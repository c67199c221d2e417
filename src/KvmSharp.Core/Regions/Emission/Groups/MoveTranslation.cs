using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>MOV, MOVZX, MOVSX, MOVSXD, LEA, XCHG of registers, BSWAP, the sign extensions of the accumulator, NOP.</summary>
internal sealed class MoveTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics =>
    [
        Mnemonic.Mov, Mnemonic.Movzx, Mnemonic.Movsx, Mnemonic.Movsxd, Mnemonic.Lea, Mnemonic.Xchg,
        Mnemonic.Cbw, Mnemonic.Cwde, Mnemonic.Cdqe, Mnemonic.Cwd, Mnemonic.Cdq, Mnemonic.Cqo, Mnemonic.Nop,
    ];

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) => instruction.Mnemonic switch
    {
        Mnemonic.Xchg => instruction.Op0Kind == OpKind.Register && instruction.Op1Kind == OpKind.Register && HasPlainOperands(instruction),
        Mnemonic.Nop => true,
        _ => HasPlainOperands(instruction),
    };

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Mov:
                Move(emitter);
                break;
            case Mnemonic.Movzx or Mnemonic.Movsx or Mnemonic.Movsxd:
                Extend(emitter, instruction.Mnemonic != Mnemonic.Movzx);
                break;
            case Mnemonic.Lea:
                LoadAddress(emitter);
                break;
            case Mnemonic.Xchg:
                Exchange(emitter);
                break;
            case Mnemonic.Cbw:
                ExtendAccumulator(emitter, Register.AL, Register.AX);
                break;
            case Mnemonic.Cwde:
                ExtendAccumulator(emitter, Register.AX, Register.EAX);
                break;
            case Mnemonic.Cdqe:
                ExtendAccumulator(emitter, Register.EAX, Register.RAX);
                break;
            case Mnemonic.Cwd:
                SpreadSign(emitter, Register.AX, Register.DX);
                break;
            case Mnemonic.Cdq:
                SpreadSign(emitter, Register.EAX, Register.EDX);
                break;
            case Mnemonic.Cqo:
                SpreadSign(emitter, Register.RAX, Register.RDX);
                break;
        }
    }

    private static void Move(RegionEmitter e)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        int width = WidthOf(instruction, 0) is > 0 and int first ? first : WidthOf(instruction, 1);
        LocalBuilder value = e.ValueA(width);
        EmitOperand(e, 1, width, value);
        Store(e, width, value);
    }

    private static void Store(RegionEmitter e, int width, LocalBuilder value)
    {
        if (e.Instruction.Op0Kind == OpKind.Memory)
        {
            e.EmitAddress(width, write: true);
            e.EmitPrepareStore(width);
            e.EmitStoreHost(width, value);
            return;
        }

        e.Il.Emit(OpCodes.Ldloc, value);
        e.EmitWrite(e.Instruction.Op0Register);
    }

    private static void Extend(RegionEmitter e, bool signed)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        int from = WidthOf(instruction, 1);
        LocalBuilder value = e.ValueA(from);
        EmitOperand(e, 1, from, value);
        e.Il.Emit(OpCodes.Ldloc, value);
        ExtendTo(e, from, instruction.Op0Register, signed);
    }

    private static void ExtendTo(RegionEmitter e, int from, Register target, bool signed)
    {
        if (signed)
        {
            e.Il.Emit(from switch
            {
                1 => OpCodes.Conv_I1,
                2 => OpCodes.Conv_I2,
                _ => OpCodes.Conv_I4,
            });
        }

        if (RegionEmitter.IsWide(target.GetSize()))
        {
            e.Il.Emit(signed ? OpCodes.Conv_I8 : OpCodes.Conv_U8);
        }

        e.EmitWrite(target);
    }

    private static void ExtendAccumulator(RegionEmitter e, Register from, Register to)
    {
        e.EmitRead(from);
        ExtendTo(e, from.GetSize(), to, signed: true);
    }

    private static void SpreadSign(RegionEmitter e, Register from, Register to)
    {
        int width = from.GetSize();
        e.EmitRead(from);
        if (width == sizeof(ushort))
        {
            e.Il.Emit(OpCodes.Conv_I2);
        }

        e.Il.Emit(OpCodes.Ldc_I4, RegionEmitter.IsWide(width) ? 63 : 31);
        e.Il.Emit(OpCodes.Shr);
        e.EmitWrite(to);
    }

    private static void LoadAddress(RegionEmitter e)
    {
        int width = e.Instruction.Op0Register.GetSize();
        e.EmitOffset();
        if (!RegionEmitter.IsWide(width))
        {
            e.Il.Emit(OpCodes.Conv_I4);
        }

        e.EmitWrite(e.Instruction.Op0Register);
    }

    private static void Exchange(RegionEmitter e)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        int width = WidthOf(instruction, 0);
        EmitOperand(e, 0, width, e.ValueA(width));
        EmitOperand(e, 1, width, e.ValueB(width));
        e.Il.Emit(OpCodes.Ldloc, e.ValueB(width));
        e.EmitWrite(instruction.Op0Register);
        e.Il.Emit(OpCodes.Ldloc, e.ValueA(width));
        e.EmitWrite(instruction.Op1Register);
    }
}
