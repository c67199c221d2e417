using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>The translation of one group of instructions.</summary>
internal abstract class InstructionTranslation
{
    /// <summary>Gets the instructions of the group.</summary>
    public abstract IEnumerable<Mnemonic> Mnemonics { get; }

    /// <summary>Tells whether a form of an instruction is translated.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="op">Its micro-op.</param>
    /// <param name="mode">What it was decoded for.</param>
    /// <param name="flagsAreDead">Whether nobody can see the flags that it leaves.</param>
    public virtual bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) => HasPlainOperands(instruction);

    /// <summary>Tells how the flags are kept behind it, when somebody can see them.</summary>
    public virtual FlagKind FlagsOf(in Instruction instruction) => FlagKind.Untouched;

    /// <summary>Emits IL for the instruction at hand.</summary>
    public abstract void Emit(RegionEmitter emitter);

    /// <summary>Tells whether all operands are general registers, memory and immediates.</summary>
    protected static bool HasPlainOperands(in Instruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            bool plain = kind switch
            {
                OpKind.Register => instruction.GetOpRegister(i).IsGPR(),
                OpKind.Memory => instruction.MemorySize.GetSize() is 1 or 2 or 4 or 8 || instruction.Mnemonic == Mnemonic.Lea,
                _ => kind is >= OpKind.Immediate8 and <= OpKind.Immediate32to64,
            };
            if (!plain)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Gives the width of an operand in bytes; 0 for an immediate.</summary>
    protected static int WidthOf(in Instruction instruction, int operand) => instruction.GetOpKind(operand) switch
    {
        OpKind.Register => instruction.GetOpRegister(operand).GetSize(),
        OpKind.Memory => instruction.MemorySize.GetSize(),
        _ => 0,
    };

    /// <summary>Reads an operand into a local.</summary>
    /// <param name="e">The emitter.</param>
    /// <param name="operand">Its index.</param>
    /// <param name="width">Its width in bytes, for an immediate too.</param>
    /// <param name="value">A local of that width.</param>
    public static void EmitOperand(RegionEmitter e, int operand, int width, LocalBuilder value)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        switch (instruction.GetOpKind(operand))
        {
            case OpKind.Register:
                e.EmitRead(instruction.GetOpRegister(operand));
                break;
            case OpKind.Memory:
                e.EmitAddress(width, write: false);
                e.EmitLoad(width, value);
                return;
            default:
                e.EmitConstant(instruction.GetImmediate(operand), width);
                break;
        }

        e.Il.Emit(OpCodes.Stloc, value);
    }
}
