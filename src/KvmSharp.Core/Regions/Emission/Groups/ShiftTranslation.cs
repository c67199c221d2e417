using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>SHL, SHR, SAR, ROL and ROR of registers by constants, and by CL of 32 and 64 bits.</summary>
/// <remarks>Shifts by CL, whose count may be 0 and leave the flags, only where nobody sees the flags.</remarks>
internal sealed class ShiftTranslation : InstructionTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => [Mnemonic.Shl, Mnemonic.Sal, Mnemonic.Shr, Mnemonic.Sar, Mnemonic.Rol, Mnemonic.Ror];

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead)
    {
        if (instruction.Op0Kind != OpKind.Register)
        {
            return false;
        }

        int width = WidthOf(instruction, 0);
        bool byConstant = instruction.Op1Kind != OpKind.Register;
        bool rotates = Rotates(instruction);
        return byConstant
            ? MaskedCount(instruction, width) is > 0 and int count && count < 8 * width && (!rotates || width >= 4)
            : flagsAreDead && width >= 4;
    }

    /// <inheritdoc/>
    public override FlagKind FlagsOf(in Instruction instruction) =>
        Rotates(instruction) ? FlagKind.Canonical : new(OperationOf(instruction.Mnemonic), WidthOf(instruction, 0));

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        int width = WidthOf(instruction, 0);
        bool seenRotation = Rotates(instruction) && !emitter.FlagsAreDead;
        if (seenRotation)
        {
            emitter.EmitCanonicalFlags(alsoDynamic: true);
        }

        LocalBuilder a = emitter.ValueA(width);
        EmitOperand(emitter, 0, width, a);
        bool byConstant = instruction.Op1Kind != OpKind.Register;
        LocalBuilder count = emitter.ValueB(sizeof(int));
        if (byConstant)
        {
            emitter.Il.Emit(OpCodes.Ldc_I4, MaskedCount(instruction, width));
        }
        else
        {
            emitter.EmitRead(Register.CL);
            emitter.Il.Emit(OpCodes.Ldc_I4, (8 * width) - 1);
            emitter.Il.Emit(OpCodes.And);
        }

        emitter.Il.Emit(OpCodes.Stloc, count);
        EmitResult(emitter, instruction.Mnemonic, width, a, count);
        emitter.EmitTruncate(width);
        if (seenRotation)
        {
            LocalBuilder result = emitter.Result(width);
            emitter.Il.Emit(OpCodes.Stloc, result);
            emitter.EmitSetRotateFlags(a, result, width, instruction.Mnemonic == Mnemonic.Rol);
            emitter.Il.Emit(OpCodes.Ldloc, result);
            emitter.EmitWrite(instruction.Op0Register);
            return;
        }

        emitter.EmitWrite(instruction.Op0Register);
        if (!emitter.FlagsAreDead)
        {
            emitter.EmitSetShiftFlags(OperationOf(instruction.Mnemonic), width, a, MaskedCount(instruction, width));
        }
    }

    private static void EmitResult(RegionEmitter e, Mnemonic mnemonic, int width, LocalBuilder a, LocalBuilder count)
    {
        ILGenerator il = e.Il;
        il.Emit(OpCodes.Ldloc, a);
        if (mnemonic is Mnemonic.Rol or Mnemonic.Ror)
        {
            string name = mnemonic == Mnemonic.Rol ? nameof(System.Numerics.BitOperations.RotateLeft) : nameof(System.Numerics.BitOperations.RotateRight);
            Type type = RegionEmitter.IsWide(width) ? typeof(ulong) : typeof(uint);
            il.Emit(OpCodes.Ldloc, count);
            il.Emit(OpCodes.Call, typeof(System.Numerics.BitOperations).GetMethod(name, [type, typeof(int)])!);
            return;
        }

        if (mnemonic == Mnemonic.Sar && width < 4)
        {
            il.Emit(width == 1 ? OpCodes.Conv_I1 : OpCodes.Conv_I2);
        }

        il.Emit(OpCodes.Ldloc, count);
        il.Emit(mnemonic switch
        {
            Mnemonic.Shr => OpCodes.Shr_Un,
            Mnemonic.Sar => OpCodes.Shr,
            _ => OpCodes.Shl,
        });
    }

    private static bool Rotates(in Instruction instruction) => instruction.Mnemonic is Mnemonic.Rol or Mnemonic.Ror;

    private static int MaskedCount(in Instruction instruction, int width) =>
        instruction.Op1Kind == OpKind.Register ? 0 : (int)instruction.GetImmediate(1) & (width == 8 ? 63 : 31);

    private static FlagOperation OperationOf(Mnemonic mnemonic) => mnemonic switch
    {
        Mnemonic.Shr => FlagOperation.Shr,
        Mnemonic.Sar => FlagOperation.Sar,
        _ => FlagOperation.Shl,
    };
}
