using System.Reflection.Emit;
using Iced.Intel;

namespace KvmSharp.Regions;

/// <summary>INC, DEC, NEG, NOT.</summary>
internal sealed class UnaryTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => [Mnemonic.Inc, Mnemonic.Dec, Mnemonic.Neg, Mnemonic.Not];

    /// <inheritdoc/>
    public override FlagKind FlagsOf(in Instruction instruction)
    {
        int width = WidthOf(instruction, 0);
        return instruction.Mnemonic switch
        {
            Mnemonic.Inc => new FlagKind(FlagOperation.Inc, width),
            Mnemonic.Dec => new FlagKind(FlagOperation.Dec, width),
            Mnemonic.Neg => new FlagKind(FlagOperation.Sub, width),
            _ => FlagKind.Untouched,
        };
    }

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        int width = WidthOf(instruction, 0);
        LocalBuilder a = emitter.ValueA(width);
        LocalBuilder result = emitter.Result(width);
        bool toMemory = instruction.Op0Kind == OpKind.Memory;
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

        EmitResult(emitter, instruction.Mnemonic, width, a);
        emitter.EmitTruncate(width);
        emitter.Il.Emit(OpCodes.Stloc, result);
        if (toMemory)
        {
            emitter.EmitStoreHost(width, result);
        }
        else
        {
            emitter.Il.Emit(OpCodes.Ldloc, result);
            emitter.EmitWrite(instruction.Op0Register);
        }

        EmitFlags(emitter, instruction.Mnemonic, width, a);
    }

    private static void EmitResult(RegionEmitter e, Mnemonic mnemonic, int width, LocalBuilder a)
    {
        e.Il.Emit(OpCodes.Ldloc, a);
        switch (mnemonic)
        {
            case Mnemonic.Not:
                e.Il.Emit(OpCodes.Not);
                break;
            case Mnemonic.Neg:
                e.Il.Emit(OpCodes.Neg);
                break;
            default:
                e.EmitConstant(1, width);
                e.Il.Emit(mnemonic == Mnemonic.Inc ? OpCodes.Add : OpCodes.Sub);
                break;
        }
    }

    private static void EmitFlags(RegionEmitter e, Mnemonic mnemonic, int width, LocalBuilder a)
    {
        if (mnemonic == Mnemonic.Not || e.FlagsAreDead)
        {
            return;
        }

        LocalBuilder b = e.ValueB(width);
        if (mnemonic == Mnemonic.Neg)
        {
            e.EmitConstant(0, width);
            e.Il.Emit(OpCodes.Stloc, b);
            e.EmitSetFlags(FlagOperation.Sub, width, b, a);
            return;
        }

        e.EmitCarry();
        if (RegionEmitter.IsWide(width))
        {
            e.Il.Emit(OpCodes.Conv_U8);
        }

        e.Il.Emit(OpCodes.Stloc, b);
        e.EmitSetFlags(mnemonic == Mnemonic.Inc ? FlagOperation.Inc : FlagOperation.Dec, width, a, b);
    }
}
