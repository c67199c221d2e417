using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>The shape of translated SSE instructions: "op target, source", as <c>VectorShape</c> is the interpreter's.</summary>
internal abstract class VectorTranslation : InstructionTranslation
{
    private const uint Forbidding = CodeMode.NoVectors | CodeMode.Emulation | CodeMode.NoCoprocessor;

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) =>
        (mode & Forbidding) == 0 && HasVectorOperands(instruction);

    /// <summary>Tells whether the operands are XMM registers, general registers of 4 or 8 bytes and memory of 4, 8 or 16, with an immediate at most behind them.</summary>
    private static bool HasVectorOperands(in Instruction instruction)
    {
        bool vector = false;
        for (int i = 0; i < Math.Min(instruction.OpCount, 2); i++)
        {
            OpKind kind = instruction.GetOpKind(i);
            Register register = kind == OpKind.Register ? instruction.GetOpRegister(i) : Register.None;
            vector |= register.IsXMM();
            bool plain = kind switch
            {
                OpKind.Register => register.IsXMM() || register.IsGPR32() || register.IsGPR64(),
                OpKind.Memory => instruction.MemorySize.GetSize() is 4 or 8 or 16,
                OpKind.Immediate8 => i == 1,
                _ => false,
            };
            if (!plain)
            {
                return false;
            }
        }

        return vector && instruction.OpCount <= 2;
    }

    /// <summary>Reads the second operand into the local of that name; what is narrower is zero-extended.</summary>
    protected static void EmitSource(RegionEmitter e)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        switch (instruction.Op1Kind)
        {
            case OpKind.Memory:
                int size = instruction.MemorySize.GetSize();
                e.EmitTranslateVector(size, write: false, NeedsAlignment(instruction, size));
                e.EmitLoadVector(size);
                break;
            case OpKind.Immediate8:
                e.Il.Emit(OpCodes.Ldc_I4, (int)instruction.Immediate8);
                e.EmitVectorOfInteger(sizeof(uint));
                break;
            case OpKind.Register when instruction.Op1Register.IsXMM():
                e.EmitReadVector(instruction.Op1Register);
                break;
            default:
                e.EmitRead(instruction.Op1Register);
                e.EmitVectorOfInteger(instruction.Op1Register.GetSize());
                break;
        }

        e.Il.Emit(OpCodes.Stloc, e.VectorB);
    }

    /// <summary>Reads the first operand, an XMM register, into the local of that name.</summary>
    protected static void EmitTarget(RegionEmitter e)
    {
        e.EmitReadVector(e.Instruction.Op0Register);
        e.Il.Emit(OpCodes.Stloc, e.VectorA);
    }

    /// <summary>Writes the local of the result to the first operand, of whatever kind.</summary>
    protected static void EmitResult(RegionEmitter e)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        if (instruction.Op0Kind == OpKind.Memory)
        {
            int size = instruction.MemorySize.GetSize();
            e.EmitTranslateVector(size, write: true, NeedsAlignment(instruction, size));
            e.EmitStoreVector(size, e.VectorResult);
            return;
        }

        e.Il.Emit(OpCodes.Ldloc, e.VectorResult);
        if (instruction.Op0Register.IsXMM())
        {
            e.EmitWriteVector(instruction.Op0Register);
            return;
        }

        e.EmitIntegerOfVector(instruction.Op0Register.GetSize());
        e.EmitWrite(instruction.Op0Register);
    }

    /// <summary>Reads the lowest element of the second operand.</summary>
    protected static void EmitFloatSource(RegionEmitter e, FloatType type, LocalBuilder value)
    {
        if (e.Instruction.Op1Kind == OpKind.Memory)
        {
            e.EmitTranslateVector(type.Size, write: false, aligned: false);
            e.EmitLoadFloat(type);
        }
        else
        {
            e.EmitReadVector(e.Instruction.Op1Register);
            EmitLowest(e, type);
        }

        e.Il.Emit(OpCodes.Stloc, value);
    }

    /// <summary>Reads the lowest element of the first operand, an XMM register.</summary>
    protected static void EmitFloatTarget(RegionEmitter e, FloatType type, LocalBuilder value)
    {
        e.EmitReadVector(e.Instruction.Op0Register);
        EmitLowest(e, type);
        e.Il.Emit(OpCodes.Stloc, value);
    }

    /// <summary>Writes the lowest element of the first operand.</summary>
    protected static void EmitFloatResult(RegionEmitter e, FloatType type, LocalBuilder value)
    {
        e.EmitReadVector(e.Instruction.Op0Register);
        e.Il.Emit(OpCodes.Call, VectorIntrinsics.As(typeof(byte), type.Element));
        e.Il.Emit(OpCodes.Ldc_I4_0);
        e.Il.Emit(OpCodes.Ldloc, value);
        e.Il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.WithElement), type.Element, 3));
        e.Il.Emit(OpCodes.Call, VectorIntrinsics.As(type.Element, typeof(byte)));
        e.EmitWriteVector(e.Instruction.Op0Register);
    }

    /// <summary>Copies a vector of bytes to one of floating-point numbers.</summary>
    protected static void EmitAs(RegionEmitter e, LocalBuilder bytes, LocalBuilder floats)
    {
        e.Il.Emit(OpCodes.Ldloc, bytes);
        e.Il.Emit(OpCodes.Call, VectorIntrinsics.As(typeof(byte), floats.LocalType.GetGenericArguments()[0]));
        e.Il.Emit(OpCodes.Stloc, floats);
    }

    private static void EmitLowest(RegionEmitter e, FloatType type)
    {
        e.Il.Emit(OpCodes.Call, VectorIntrinsics.As(typeof(byte), type.Element));
        e.Il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.ToScalar), type.Element, 1));
    }

    private static bool NeedsAlignment(in Instruction instruction, int size) =>
        size == 16 && instruction.Mnemonic is not (Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movdqu or Mnemonic.Lddqu);
}
