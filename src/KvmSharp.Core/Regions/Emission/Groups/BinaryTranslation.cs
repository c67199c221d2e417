using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>ADD, SUB, CMP, AND, OR, XOR, TEST; ADC and SBB where nobody sees their flags.</summary>
internal sealed class BinaryTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics =>
        [Mnemonic.Add, Mnemonic.Sub, Mnemonic.Cmp, Mnemonic.And, Mnemonic.Or, Mnemonic.Xor, Mnemonic.Test, Mnemonic.Adc, Mnemonic.Sbb];

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) =>
        HasPlainOperands(instruction) && (instruction.Mnemonic is not (Mnemonic.Adc or Mnemonic.Sbb) || flagsAreDead);

    /// <inheritdoc/>
    public override FlagKind FlagsOf(in Instruction instruction) => new(OperationOf(instruction.Mnemonic), Width(instruction));

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        int width = Width(instruction);
        LocalBuilder a = emitter.ValueA(width);
        LocalBuilder b = emitter.ValueB(width);
        LocalBuilder result = emitter.Result(width);
        bool stores = instruction.Mnemonic is not (Mnemonic.Cmp or Mnemonic.Test);
        bool toMemory = stores && instruction.Op0Kind == OpKind.Memory;
        EmitOperand(emitter, 1, width, b);
        if (toMemory)
        {
            emitter.EmitAddress(width, write: true);
            emitter.EmitPrepareStore(width);
            emitter.EmitLoadHost(width, a);
        }
        else
        {
            EmitOperand(emitter, 0, width, a);
        }

        FlagOperation operation = OperationOf(instruction.Mnemonic);
        if (stores || operation == FlagOperation.Logic)
        {
            EmitResult(emitter, instruction.Mnemonic, width, a, b, result);
        }

        if (toMemory)
        {
            emitter.EmitStoreHost(width, result);
        }
        else if (stores)
        {
            emitter.Il.Emit(OpCodes.Ldloc, result);
            emitter.EmitWrite(instruction.Op0Register);
        }

        if (operation == FlagOperation.Logic)
        {
            emitter.EmitSetFlags(operation, width, result);
        }
        else
        {
            emitter.EmitSetFlags(operation, width, a, b);
        }
    }

    private static void EmitResult(RegionEmitter e, Mnemonic mnemonic, int width, LocalBuilder a, LocalBuilder b, LocalBuilder result)
    {
        OpCode code = mnemonic switch
        {
            Mnemonic.Add or Mnemonic.Adc => OpCodes.Add,
            Mnemonic.Sub or Mnemonic.Sbb => OpCodes.Sub,
            Mnemonic.Or => OpCodes.Or,
            Mnemonic.Xor => OpCodes.Xor,
            _ => OpCodes.And,
        };
        e.Il.Emit(OpCodes.Ldloc, a);
        e.Il.Emit(OpCodes.Ldloc, b);
        e.Il.Emit(code);
        if (mnemonic is Mnemonic.Adc or Mnemonic.Sbb)
        {
            e.EmitCarry();
            if (RegionEmitter.IsWide(width))
            {
                e.Il.Emit(OpCodes.Conv_U8);
            }

            e.Il.Emit(code);
        }

        e.EmitTruncate(width);
        e.Il.Emit(OpCodes.Stloc, result);
    }

    private static int Width(in Instruction instruction) => WidthOf(instruction, 0);

    private static FlagOperation OperationOf(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Add or Mnemonic.Adc => FlagOperation.Add,
        Mnemonic.Sub or Mnemonic.Cmp or Mnemonic.Sbb => FlagOperation.Sub,
        _ => FlagOperation.Logic,
    };
}
