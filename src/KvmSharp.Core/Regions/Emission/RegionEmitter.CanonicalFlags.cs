using System.Reflection;
using System.Reflection.Emit;

namespace KvmSharp.Regions;

/// <summary>Arithmetic flags worked out into the form that the interpreter keeps.</summary>
internal sealed unsafe partial class RegionEmitter
{
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
}
