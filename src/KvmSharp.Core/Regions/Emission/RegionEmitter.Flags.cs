using System.Reflection;
using System.Reflection.Emit;
using FlowControl = Iced.Intel.FlowControl;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Arithmetic flags, kept as operands of what has set them last: see <see cref="FlagKind"/>.</summary>
internal sealed unsafe partial class RegionEmitter
{
    private LocalBuilder _flagsA = null!;
    private LocalBuilder _flagsB = null!;
    private LocalBuilder _flagKind = null!;

    /// <summary>Gets how the flags are kept at the present place.</summary>
    public FlagKind Flags { get; private set; }

    /// <summary>Notes what sets the flags, unless nobody can see them.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="width">Its width in bytes.</param>
    /// <param name="a">An int local, or a long one for 8 bytes.</param>
    /// <param name="b">The second word, if the operation has one.</param>
    public void EmitSetFlags(FlagOperation operation, int width, LocalBuilder a, LocalBuilder? b = null)
    {
        if (FlagsAreDead)
        {
            return;
        }

        EmitFlagWord(a, width, _flagsA);
        if (b is not null)
        {
            EmitFlagWord(b, width, _flagsB);
        }

        Flags = new FlagKind(operation, width);
    }

    /// <summary>Notes that numbers have been compared.</summary>
    /// <param name="type">What they are.</param>
    /// <param name="a">The first, a local.</param>
    /// <param name="b">The second.</param>
    public void EmitSetFloatFlags(FloatType type, LocalBuilder a, LocalBuilder b)
    {
        string convert = type.IsDouble ? nameof(BitConverter.DoubleToUInt64Bits) : nameof(BitConverter.SingleToUInt32Bits);
        foreach ((LocalBuilder value, LocalBuilder word) in new[] { (a, _flagsA), (b, _flagsB) })
        {
            Il.Emit(OpCodes.Ldloc, value);
            Il.Emit(OpCodes.Call, typeof(BitConverter).GetMethod(convert)!);
            Il.Emit(OpCodes.Conv_U8);
            Il.Emit(OpCodes.Stloc, word);
        }

        Flags = new FlagKind(FlagOperation.CompareFloats, type.Size);
    }

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

    /// <summary>Works the flags out into the form that the interpreter keeps.</summary>
    /// <param name="alsoDynamic">Whether flags whose kind is known only at run time are, too; else they stay as they are.</param>
    public void EmitCanonicalFlags(bool alsoDynamic = false)
    {
        if (Flags == FlagKind.Canonical || (!Flags.IsStatic && !alsoDynamic))
        {
            return;
        }

        if (!Flags.IsStatic)
        {
            EmitLazy(nameof(LazyFlags.Result));
            EmitLazy(nameof(LazyFlags.Carries));
            Il.Emit(OpCodes.Stloc, _flagsB);
            Il.Emit(OpCodes.Stloc, _flagsA);
        }
        else if (Flags.Operation is FlagOperation.Add or FlagOperation.Sub && Flags.Width >= sizeof(uint))
        {
            EmitCarryVector(Flags.Operation, Flags.Width);
        }
        else if (Flags.Operation == FlagOperation.Logic)
        {
            EmitSignedResult(Flags.Width);
            Il.Emit(OpCodes.Conv_I8);
            Il.Emit(OpCodes.Stloc, _flagsA);
            Il.Emit(OpCodes.Ldc_I8, 0L);
            Il.Emit(OpCodes.Stloc, _flagsB);
        }
        else if (Flags is { Operation: FlagOperation.Imul, Width: sizeof(uint) })
        {
            EmitProductFlags();
        }
        else
        {
            EmitLazy(nameof(LazyFlags.Result));
            EmitLazy(nameof(LazyFlags.Carries));
            Il.Emit(OpCodes.Stloc, _flagsB);
            Il.Emit(OpCodes.Stloc, _flagsA);
        }

        Flags = FlagKind.Canonical;
    }

    // What Add and Sub tell ArithmeticFlags.Set, inline: the carry (or borrow) out of each bit. Its words are described there.
    private void EmitCarryVector(FlagOperation operation, int width)
    {
        const long TopTwo = 3L << 62;
        const long OutOfBit3 = 1 << 3;
        LocalBuilder result = Result(sizeof(long));
        EmitSignedResult(width);
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.Stloc, result);
        bool adds = operation == FlagOperation.Add;

        // Add: (a & b) | ((a | b) & ~r). Sub: (~a & b) | ((~a | b) & r).
        EmitWord(_flagsA, !adds);
        Il.Emit(OpCodes.Ldloc, _flagsB);
        Il.Emit(OpCodes.And);
        EmitWord(_flagsA, !adds);
        Il.Emit(OpCodes.Ldloc, _flagsB);
        Il.Emit(OpCodes.Or);
        EmitWord(result, adds);
        Il.Emit(OpCodes.And);
        Il.Emit(OpCodes.Or);
        Il.Emit(OpCodes.Stloc, _flagsB);
        Il.Emit(OpCodes.Ldloc, _flagsB);
        if (!IsWide(width))
        {
            Il.Emit(OpCodes.Ldc_I4, 64 - (8 * width));
            Il.Emit(OpCodes.Shl);
        }

        Il.Emit(OpCodes.Ldc_I8, TopTwo);
        Il.Emit(OpCodes.And);
        Il.Emit(OpCodes.Ldloc, _flagsB);
        Il.Emit(OpCodes.Ldc_I8, OutOfBit3);
        Il.Emit(OpCodes.And);
        Il.Emit(OpCodes.Or);
        Il.Emit(OpCodes.Stloc, _flagsB);
        Il.Emit(OpCodes.Ldloc, result);
        Il.Emit(OpCodes.Stloc, _flagsA);
    }

    // As ArithmeticFlags.SetNonZero, and CF and OF when the product does not fit.
    private void EmitProductFlags()
    {
        const long NonZero = 0x100;
        const int CarryShift = 63;
        EmitFlagOperands(sizeof(uint), signed: true);
        Il.Emit(OpCodes.Mul);
        Il.Emit(OpCodes.Conv_I8);
        LocalBuilder low = Result(sizeof(long));
        Il.Emit(OpCodes.Stloc, low);
        EmitFlagOperand(_flagsA, sizeof(uint), signed: true);
        Il.Emit(OpCodes.Conv_I8);
        EmitFlagOperand(_flagsB, sizeof(uint), signed: true);
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.Mul);
        Il.Emit(OpCodes.Ldloc, low);
        Il.Emit(OpCodes.Ceq);
        EmitNot();
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.Ldc_I4, CarryShift);
        Il.Emit(OpCodes.Shl);
        Il.Emit(OpCodes.Stloc, _flagsB);
        Il.Emit(OpCodes.Ldloc, low);
        Il.Emit(OpCodes.Ldc_I8, NonZero);
        Il.Emit(OpCodes.Or);
        Il.Emit(OpCodes.Stloc, _flagsA);
    }

    /// <summary>Notes a rotation by a constant: CF and OF change, the others stay. The flags are canonical already.</summary>
    /// <param name="value">What was rotated, an int local or a long one.</param>
    /// <param name="result">What came out.</param>
    /// <param name="width">4 or 8.</param>
    /// <param name="left">ROL; else ROR.</param>
    public void EmitSetRotateFlags(LocalBuilder value, LocalBuilder result, int width, bool left)
    {
        const int Top = 63;
        const int BelowTop = 62;

        // The bit that came round is the result's lowest behind ROL, its top behind ROR; OF is the value's top two, or its ends.
        int top = (8 * width) - 1;
        Il.Emit(OpCodes.Ldloc, _flagsB);
        Il.Emit(OpCodes.Ldc_I8, (1L << BelowTop) - 1);
        Il.Emit(OpCodes.And);
        EmitBit(result, width, left ? 0 : top);
        Il.Emit(OpCodes.Ldc_I4, Top);
        Il.Emit(OpCodes.Shl);
        Il.Emit(OpCodes.Or);
        EmitBit(result, width, left ? 0 : top);
        EmitBit(value, width, top);
        Il.Emit(OpCodes.Xor);
        EmitBit(value, width, left ? top - 1 : 0);
        Il.Emit(OpCodes.Xor);
        Il.Emit(OpCodes.Ldc_I4, BelowTop);
        Il.Emit(OpCodes.Shl);
        Il.Emit(OpCodes.Or);
        Il.Emit(OpCodes.Stloc, _flagsB);
    }

    private void EmitBit(LocalBuilder value, int width, int bit)
    {
        Il.Emit(OpCodes.Ldloc, value);
        if (!IsWide(width))
        {
            Il.Emit(OpCodes.Conv_U8);
        }

        Il.Emit(OpCodes.Ldc_I4, bit);
        Il.Emit(OpCodes.Shr_Un);
        Il.Emit(OpCodes.Ldc_I4_1);
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.And);
    }

    private void EmitWord(LocalBuilder word, bool inverted)
    {
        Il.Emit(OpCodes.Ldloc, word);
        if (inverted)
        {
            Il.Emit(OpCodes.Not);
        }
    }

    private static MethodInfo LazyMethod(string name) => typeof(LazyFlags).GetMethod(name)!;

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

    private void EmitFlagWord(LocalBuilder value, int width, LocalBuilder word)
    {
        Il.Emit(OpCodes.Ldloc, value);
        if (!IsWide(width))
        {
            Il.Emit(OpCodes.Conv_U8);
        }

        Il.Emit(OpCodes.Stloc, word);
    }

    private void EmitLazy(string method)
    {
        EmitLazyWords();
        Il.Emit(OpCodes.Call, LazyMethod(method));
    }

    private void EmitLazyWords()
    {
        if (Flags.IsStatic)
        {
            Il.Emit(OpCodes.Ldc_I4, Flags.Value);
        }
        else
        {
            Il.Emit(OpCodes.Ldloc, _flagKind);
        }

        Il.Emit(OpCodes.Ldloc, _flagsA);
        Il.Emit(OpCodes.Ldloc, _flagsB);
    }

    private void SpillFlagKind()
    {
        if (Flags.IsStatic)
        {
            Il.Emit(OpCodes.Ldc_I4, Flags.Value);
            Il.Emit(OpCodes.Stloc, _flagKind);
        }
    }

    private void EmitReloadFlags()
    {
        EmitLoadContext(ContextPlaces.FlagsResult, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Stloc, _flagsA);
        EmitLoadContext(ContextPlaces.FlagsCarries, OpCodes.Ldind_I8);
        Il.Emit(OpCodes.Stloc, _flagsB);
    }

    private void EmitSpillFlags(FlagKind kind)
    {
        Label lazy = Il.DefineLabel();
        Label done = Il.DefineLabel();
        if (!kind.IsStatic)
        {
            Il.Emit(OpCodes.Ldloc, _flagKind);
            Il.Emit(OpCodes.Brtrue, lazy);
        }

        if (!kind.IsStatic || kind == FlagKind.Canonical)
        {
            EmitContextAddress(ContextPlaces.FlagsResult);
            Il.Emit(OpCodes.Ldloc, _flagsA);
            Il.Emit(OpCodes.Stind_I8);
            EmitContextAddress(ContextPlaces.FlagsCarries);
            Il.Emit(OpCodes.Ldloc, _flagsB);
            Il.Emit(OpCodes.Stind_I8);
            Il.Emit(OpCodes.Br, done);
        }

        Il.MarkLabel(lazy);
        if (kind != FlagKind.Canonical)
        {
            Il.Emit(OpCodes.Ldarg_0);
            FlagKind before = Flags;
            Flags = kind;
            EmitLazyWords();
            Flags = before;
            Il.Emit(OpCodes.Call, LazyMethod(nameof(LazyFlags.Store)));
        }

        Il.MarkLabel(done);
    }

    private void DeclareFlags()
    {
        _flagsA = Il.DeclareLocal(typeof(long));
        _flagsB = Il.DeclareLocal(typeof(long));
        _flagKind = Il.DeclareLocal(typeof(int));
    }

    // Forward, until nothing changes: a block that is reached with flags kept in two ways has to ask at run time.
    private void FindFlagKinds()
    {
        foreach (RegionBlock entry in _plan.Entries)
        {
            entry.FlagsIn = FlagKind.Canonical;
        }

        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (RegionBlock block in _plan.Blocks.Where(b => b.FlagsIn != FlagKind.Untouched))
            {
                FlagKind kind = FlagsBehind(block);
                changed |= Meet(block.Taken, kind);
                bool returns = block.HasTerminator && block.Terminator.FlowControl is FlowControl.Call or FlowControl.IndirectCall;
                if (block.Terminator.FlowControl == FlowControl.Return)
                {
                    foreach (RegionBlock site in _plan.ReturnSites)
                    {
                        changed |= Meet(site, kind);
                    }
                }
                else if (!returns)
                {
                    changed |= Meet(block.Next, kind);
                }
            }
        }

        // What no edge leads to is dead, but is emitted all the same.
        foreach (RegionBlock block in _plan.Blocks.Where(b => b.FlagsIn == FlagKind.Untouched))
        {
            block.FlagsIn = FlagKind.Dynamic;
        }
    }

    private FlagKind FlagsBehind(RegionBlock block)
    {
        FlagKind kind = block.FlagsIn;
        int count = block.HasTerminator && block.Terminator.FlowControl != FlowControl.Next ? block.Instructions.Length - 1 : block.Instructions.Length;
        for (int i = 0; i < count; i++)
        {
            FlagKind effect = Translation.FlagsOf(block.Instructions[i], block.Ops[i], Mode, block.FlagsAreDead[i]);
            kind = effect == FlagKind.Untouched ? kind : effect;
        }

        return kind;
    }

    private static bool Meet(RegionBlock? block, FlagKind kind)
    {
        if (block is null || block.FlagsIn == kind || block.FlagsIn == FlagKind.Dynamic)
        {
            return false;
        }

        block.FlagsIn = block.FlagsIn == FlagKind.Untouched ? kind : FlagKind.Dynamic;
        return true;
    }
}
