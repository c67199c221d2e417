using System.Reflection;
using System.Reflection.Emit;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Conditions over the arithmetic flags: tests, branches and the carry.</summary>
internal sealed unsafe partial class RegionEmitter
{
    /// <summary>Pushes CF as an int, 0 or 1.</summary>
    public void EmitCarry()
    {
        switch (Flags.IsStatic ? Flags.Operation : FlagOperation.Mul)
        {
            case FlagOperation.Canonical:
                Il.Emit(OpCodes.Ldloc, _flagsB);
                Il.Emit(OpCodes.Ldc_I4, 63);
                Il.Emit(OpCodes.Shr_Un);
                Il.Emit(OpCodes.Conv_I4);
                break;
            case FlagOperation.Add:
                EmitFlagOperands(Flags.Width, signed: false); // the sum is less than either when it has wrapped round
                Il.Emit(OpCodes.Add);
                EmitTruncate(Flags.Width);
                EmitFlagOperand(_flagsA, Flags.Width, signed: false);
                Il.Emit(OpCodes.Clt_Un);
                break;
            case FlagOperation.Sub:
                EmitFlagOperands(Flags.Width, signed: false);
                Il.Emit(OpCodes.Clt_Un);
                break;
            case FlagOperation.CompareFloats:
                EmitFloatFlagOperands();
                Il.Emit(OpCodes.Clt);
                break;
            case FlagOperation.Logic:
                Il.Emit(OpCodes.Ldc_I4_0);
                break;
            case FlagOperation.Inc or FlagOperation.Dec:
                Il.Emit(OpCodes.Ldloc, _flagsB);
                Il.Emit(OpCodes.Conv_I4);
                break;
            default:
                EmitLazy(nameof(LazyFlags.Carry));
                break;
        }
    }

    /// <summary>Goes to a label when a condition holds.</summary>
    /// <param name="condition">Its code, as in the low four bits of Jcc's opcode.</param>
    /// <param name="target">The label; the IL stack is empty there.</param>
    public void EmitBranchIf(int condition, Label target)
    {
        if (Flags is { IsStatic: true, Operation: FlagOperation.Sub } && CompareBranchOf(condition) is { } compare)
        {
            EmitFlagOperands(Flags.Width, signed: condition >= 12);
            Il.Emit(compare, target);
            return;
        }

        if (Flags is { IsStatic: true, Operation: FlagOperation.CompareFloats } && condition is >= 2 and <= 7)
        {
            EmitFloatFlagOperands();
            Il.Emit(CompareBranchOf(condition)!.Value, target);
            return;
        }

        EmitTest(condition & ~1);
        Il.Emit((condition & 1) == 0 ? OpCodes.Brtrue : OpCodes.Brfalse, target);
    }

    /// <summary>Pushes whether a condition holds, as an int.</summary>
    /// <param name="condition">Its code.</param>
    public void EmitTest(int condition)
    {
        if (!TryEmitTest(condition & ~1))
        {
            Il.Emit(OpCodes.Ldc_I4, condition & ~1);
            EmitLazyWords();
            Il.Emit(OpCodes.Call, LazyMethod(nameof(LazyFlags.Test)));
        }

        if ((condition & 1) != 0)
        {
            Il.Emit(OpCodes.Ldc_I4_0);
            Il.Emit(OpCodes.Ceq);
        }
    }

    // Comparisons as the CLI has them: B, AE, E, NE, BE, A, L, GE, LE, G.
    private static OpCode? CompareBranchOf(int condition) => condition switch
    {
        2 => OpCodes.Blt_Un,
        3 => OpCodes.Bge_Un,
        4 => OpCodes.Beq,
        5 => OpCodes.Bne_Un,
        6 => OpCodes.Ble_Un,
        7 => OpCodes.Bgt_Un,
        12 => OpCodes.Blt,
        13 => OpCodes.Bge,
        14 => OpCodes.Ble,
        15 => OpCodes.Bgt,
        _ => null,
    };

    private bool TryEmitTest(int condition)
    {
        const int Below = 2, Equal = 4, BelowOrEqual = 6, Negative = 8, Parity = 10, Less = 12, LessOrEqual = 14;
        if (!Flags.IsStatic)
        {
            return false;
        }

        int width = Flags.Width;
        switch (Flags.Operation, condition)
        {
            case (_, Below):
                EmitCarry();
                return true;
            case (FlagOperation.Sub, Equal):
                EmitFlagOperands(width, signed: false);
                Il.Emit(OpCodes.Ceq);
                return true;
            case (FlagOperation.Sub, Less):
                EmitFlagOperands(width, signed: true);
                Il.Emit(OpCodes.Clt);
                return true;
            case (FlagOperation.Sub, BelowOrEqual or LessOrEqual):
                EmitFlagOperands(width, signed: condition == LessOrEqual);
                Il.Emit(condition == LessOrEqual ? OpCodes.Cgt : OpCodes.Cgt_Un);
                EmitNot();
                return true;
            case (FlagOperation.Add or FlagOperation.Sub or FlagOperation.Logic or FlagOperation.Inc or FlagOperation.Dec, Equal or Negative):
            case (FlagOperation.Logic, BelowOrEqual or Less or LessOrEqual):
                EmitSignedResult(width);
                EmitZero(width);
                Il.Emit(condition switch
                {
                    Equal or BelowOrEqual => OpCodes.Ceq,
                    LessOrEqual => OpCodes.Cgt,
                    _ => OpCodes.Clt,
                });
                if (condition == LessOrEqual)
                {
                    EmitNot();
                }

                return true;
            case (FlagOperation.Canonical, Equal):
                Il.Emit(OpCodes.Ldloc, _flagsA);
                EmitZero(sizeof(ulong));
                Il.Emit(OpCodes.Ceq);
                return true;
            case (FlagOperation.CompareFloats, Parity): // that NaN gives
                Il.Emit(OpCodes.Ldc_I4_0);
                return true;
            case (FlagOperation.CompareFloats, Equal):
                EmitFloatFlagOperands();
                Il.Emit(OpCodes.Ceq);
                return true;
            case (FlagOperation.CompareFloats, BelowOrEqual):
                EmitFloatFlagOperands();
                Il.Emit(OpCodes.Cgt);
                EmitNot();
                return true;
            default:
                return false;
        }
    }

    // The result of what has set the flags, sign-extended: int, or long for 8 bytes.
    private void EmitSignedResult(int width)
    {
        switch (Flags.Operation)
        {
            case FlagOperation.Add:
                EmitFlagOperands(width, signed: true);
                Il.Emit(OpCodes.Add);
                break;
            case FlagOperation.Sub:
                EmitFlagOperands(width, signed: true);
                Il.Emit(OpCodes.Sub);
                break;
            case FlagOperation.Inc or FlagOperation.Dec:
                EmitFlagOperand(_flagsA, width, signed: true);
                Il.Emit(OpCodes.Ldc_I4_1);
                if (IsWide(width))
                {
                    Il.Emit(OpCodes.Conv_I8);
                }

                Il.Emit(Flags.Operation == FlagOperation.Inc ? OpCodes.Add : OpCodes.Sub);
                break;
            default:
                EmitFlagOperand(_flagsA, width, signed: true);
                return;
        }

        Il.Emit(SignedConversion(width));
    }

    private void EmitFlagOperands(int width, bool signed)
    {
        EmitFlagOperand(_flagsA, width, signed);
        EmitFlagOperand(_flagsB, width, signed);
    }

    private void EmitFloatFlagOperands()
    {
        MethodInfo convert = Flags.Width == sizeof(double)
            ? typeof(BitConverter).GetMethod(nameof(BitConverter.Int64BitsToDouble))!
            : typeof(BitConverter).GetMethod(nameof(BitConverter.Int32BitsToSingle))!;
        EmitFlagOperand(_flagsA, Flags.Width, signed: false);
        Il.Emit(OpCodes.Call, convert);
        EmitFlagOperand(_flagsB, Flags.Width, signed: false);
        Il.Emit(OpCodes.Call, convert);
    }

    private void EmitFlagOperand(LocalBuilder word, int width, bool signed)
    {
        Il.Emit(OpCodes.Ldloc, word);
        Il.Emit(signed ? SignedConversion(width) : width switch
        {
            1 => OpCodes.Conv_U1,
            2 => OpCodes.Conv_U2,
            4 => OpCodes.Conv_I4,
            _ => OpCodes.Nop,
        });
    }

    private static OpCode SignedConversion(int width) => width switch
    {
        1 => OpCodes.Conv_I1,
        2 => OpCodes.Conv_I2,
        4 => OpCodes.Conv_I4,
        _ => OpCodes.Nop,
    };

    private void EmitZero(int width)
    {
        Il.Emit(OpCodes.Ldc_I4_0);
        if (IsWide(width))
        {
            Il.Emit(OpCodes.Conv_I8);
        }
    }

    private void EmitNot()
    {
        Il.Emit(OpCodes.Ldc_I4_0);
        Il.Emit(OpCodes.Ceq);
    }
}
