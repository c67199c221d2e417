using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>PUSH, POP of a register, LEAVE on flat stacks and those of 64-bit mode.</summary>
internal sealed class StackTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => [Mnemonic.Push, Mnemonic.Pop, Mnemonic.Leave];

    /// <summary>Tells whether the stack needs no segment.</summary>
    public static bool IsPlainStack(uint mode)
    {
        const uint Flat = CodeMode.FlatData | CodeMode.Stack32;
        return (mode & CodeMode.Code64) != 0 || (mode & Flat) == Flat;
    }

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead)
    {
        int pointer = (mode & CodeMode.Code64) != 0 ? 8 : 4;
        return IsPlainStack(mode) && instruction.Mnemonic switch
        {
            Mnemonic.Leave => instruction.Code == (pointer == 8 ? Code.Leaveq : Code.Leaved),
            Mnemonic.Pop => instruction.Op0Kind == OpKind.Register && instruction.Op0Register.IsGPR() && instruction.StackPointerIncrement == pointer,
            _ => HasPlainOperands(instruction) && instruction.StackPointerIncrement == -pointer,
        };
    }

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        int size = emitter.IsLong ? 8 : 4;
        ref readonly Instruction instruction = ref emitter.Instruction;
        switch (instruction.Mnemonic)
        {
            case Mnemonic.Push:
                LocalBuilder value = emitter.ValueA(size);
                EmitOperand(emitter, 0, size, value);
                emitter.EmitPush(value);
                break;
            case Mnemonic.Pop:
                emitter.EmitStackRead(emitter.StackPointer, emitter.ValueA(size));
                emitter.EmitMoveStackPointer(emitter.StackPointer, size);
                emitter.Il.Emit(OpCodes.Ldloc, emitter.ValueA(size)); // second: POP ESP ends with the item in ESP
                emitter.EmitWrite(instruction.Op0Register);
                break;
            default:
                Register frame = emitter.IsLong ? Register.RBP : Register.EBP;
                emitter.EmitStackRead(frame, emitter.ValueA(size));
                emitter.EmitMoveStackPointer(frame, size);
                emitter.Il.Emit(OpCodes.Ldloc, emitter.ValueA(size));
                emitter.EmitWrite(frame);
                break;
        }
    }
}
