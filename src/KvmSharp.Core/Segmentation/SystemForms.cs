using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.SystemRegisters;
using KvmSharp.Transfers;

namespace KvmSharp.Segmentation;

/// <summary>The forms of MOV, PUSH, POP, CALL and JMP that belong to the protected-mode machinery: one mnemonic, quite another instruction.</summary>
internal static unsafe class SystemForms
{
    /// <summary>Lowers the instruction if it is one of these forms; to be asked before the table.</summary>
    /// <param name="lowering">The instruction.</param>
    /// <returns>Whether it was lowered.</returns>
    public static bool TryLower(ref Lowering lowering)
    {
        switch (lowering.Instruction.Mnemonic)
        {
            case Mnemonic.Mov:
                return TryLowerMove(ref lowering);
            case Mnemonic.Push when lowering.Instruction.Op0Register.IsSegmentRegister():
                LowerContinuing(ref lowering, &SegmentInstructions.Push, StackItemSize(lowering));
                return true;
            case Mnemonic.Pop when lowering.Instruction.Op0Register.IsSegmentRegister():
                LowerLoad(ref lowering, &SegmentInstructions.Pop, StackItemSize(lowering), SegmentOf(lowering.Instruction.Op0Register));
                return true;
            case Mnemonic.Call when lowering.Instruction.IsCallFar || lowering.Instruction.IsCallFarIndirect:
                FarBranch.Lower(ref lowering, &FarBranch.Call);
                return true;
            case Mnemonic.Jmp when lowering.Instruction.IsJmpFar || lowering.Instruction.IsJmpFarIndirect:
                FarBranch.Lower(ref lowering, &FarBranch.Jump);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Gives the size of one item that a stack instruction moves.</summary>
    /// <param name="lowering">PUSH, POP, PUSHF or POPF.</param>
    /// <returns>Bytes.</returns>
    public static int StackItemSize(in Lowering lowering) => Math.Abs(lowering.Instruction.StackPointerIncrement);

    /// <summary>Makes a general micro-op behind which the block goes on.</summary>
    /// <param name="lowering">The instruction.</param>
    /// <param name="body">Carries it out.</param>
    /// <param name="size">The operand size in bytes.</param>
    public static void LowerContinuing(ref Lowering lowering, delegate*<CpuContext*, MicroOp*, bool> body, int size) =>
        Lower(ref lowering, body, &GeneralShape.Continue, size);

    /// <summary>Makes a general micro-op behind which the block ends.</summary>
    /// <param name="lowering">The instruction.</param>
    /// <param name="body">Carries it out.</param>
    /// <param name="size">The operand size in bytes.</param>
    public static void LowerEndingBlock(ref Lowering lowering, delegate*<CpuContext*, MicroOp*, bool> body, int size)
    {
        Lower(ref lowering, body, &GeneralShape.EndBlock, size);
        lowering.EndsBlock = true;
    }

    /// <summary>Makes a general micro-op that loads a segment register; the block ends behind SS, which decides over the stack and holds off interrupts.</summary>
    /// <param name="lowering">The instruction.</param>
    /// <param name="body">Carries it out.</param>
    /// <param name="size">The operand size in bytes.</param>
    /// <param name="segment">The segment register.</param>
    public static void LowerLoad(ref Lowering lowering, delegate*<CpuContext*, MicroOp*, bool> body, int size, SegmentIndex segment)
    {
        if (segment == SegmentIndex.Ss)
        {
            LowerEndingBlock(ref lowering, body, size);
        }
        else
        {
            Lower(ref lowering, body, &GeneralShape.ContinueInMode, size);
        }
    }

    /// <summary>Makes a general micro-op that sets RIP.</summary>
    /// <param name="lowering">The instruction.</param>
    /// <param name="body">Carries it out.</param>
    /// <param name="size">The operand size in bytes.</param>
    public static void LowerTransfer(ref Lowering lowering, delegate*<CpuContext*, MicroOp*, bool> body, int size)
    {
        Lower(ref lowering, body, &GeneralShape.Transfer, size);
        lowering.EndsBlock = true;
    }

    private static SegmentIndex SegmentOf(Register register) => (SegmentIndex)(register - Register.ES);

    private static bool TryLowerMove(ref Lowering lowering)
    {
        Register target = lowering.Instruction.Op0Register;
        Register source = lowering.Instruction.Op1Register;
        if (target.IsSegmentRegister())
        {
            LowerLoad(ref lowering, &SegmentInstructions.MoveTo, sizeof(ushort), SegmentOf(target));
        }
        else if (source.IsSegmentRegister())
        {
            LowerContinuing(ref lowering, &SegmentInstructions.MoveFrom, lowering.HasMemory ? sizeof(ushort) : target.GetSize());
        }
        else if (target.IsCR())
        {
            LowerEndingBlock(ref lowering, &ControlRegisterMoves.MoveTo, source.GetSize());
        }
        else if (source.IsCR())
        {
            LowerContinuing(ref lowering, &ControlRegisterMoves.MoveFrom, target.GetSize());
        }
        else if (target.IsDR())
        {
            LowerEndingBlock(ref lowering, &DebugRegisterMoves.MoveTo, source.GetSize());
        }
        else if (source.IsDR())
        {
            LowerContinuing(ref lowering, &DebugRegisterMoves.MoveFrom, target.GetSize());
        }
        else
        {
            return false;
        }

        return true;
    }

    private static void Lower(
        ref Lowering lowering,
        delegate*<CpuContext*, MicroOp*, bool> body,
        delegate*<CpuContext*, MicroOp*, MicroOp*> shape,
        int size)
    {
        lowering.FillOperands();
        lowering.SetSize(size);
        lowering.Op->Body = body;
        lowering.Op->Handler = shape;
    }
}
