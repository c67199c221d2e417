using System.Reflection.Emit;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using KvmSharp.Engine;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>COMIS, UCOMIS, MIN and MAX of numbers that are not denormal, which raise nothing whatever MXCSR says; else by the handler.</summary>
internal sealed class FloatComparisonTranslation : VectorTranslation
{
    private static readonly Dictionary<Mnemonic, (Choice Choice, FloatType Type)> Operations = new()
    {
        [Mnemonic.Comiss] = (Choice.None, FloatType.Single),
        [Mnemonic.Ucomiss] = (Choice.None, FloatType.Single),
        [Mnemonic.Comisd] = (Choice.None, FloatType.Double),
        [Mnemonic.Ucomisd] = (Choice.None, FloatType.Double),
        [Mnemonic.Minss] = (Choice.Minimum, FloatType.Single),
        [Mnemonic.Minsd] = (Choice.Minimum, FloatType.Double),
        [Mnemonic.Maxss] = (Choice.Maximum, FloatType.Single),
        [Mnemonic.Maxsd] = (Choice.Maximum, FloatType.Double),
    };

    private enum Choice
    {
        None,
        Minimum,
        Maximum,
    }

    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => Operations.Keys;

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead)
    {
        // Only x86 chooses between zeros as x86 does.
        bool compares = Operations[instruction.Mnemonic].Choice == Choice.None;
        return base.Takes(instruction, op, mode, flagsAreDead) && (compares ? !flagsAreDead : Sse2.IsSupported);
    }

    /// <inheritdoc/>
    public override FlagKind FlagsOf(in Instruction instruction)
    {
        (Choice choice, FloatType type) = Operations[instruction.Mnemonic];
        return choice == Choice.None ? new FlagKind(FlagOperation.CompareFloats, type.Size) : FlagKind.Untouched;
    }

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        (Choice choice, FloatType type) = Operations[emitter.Instruction.Mnemonic];
        ILGenerator il = emitter.Il;
        (Label unsure, Label sure) = (il.DefineLabel(), il.DefineLabel());

        // Flags are left in a form of their own, which a handler cannot give.
        (Label slow, Label back) = choice == Choice.None ? (emitter.ExitHere(SideExitReason.Instruction), il.DefineLabel()) : emitter.AddSlowWay();
        LocalBuilder a = emitter.FloatValue(0, type);
        LocalBuilder b = emitter.FloatValue(1, type);
        EmitFloatSource(emitter, type, b);
        EmitFloatTarget(emitter, type, a);
        foreach (LocalBuilder operand in new[] { a, b })
        {
            type.EmitMagnitude(il, operand);
            type.EmitConstant(il, type.SmallestNormal);
            il.Emit(OpCodes.Blt_Un, unsure);
        }

        il.MarkLabel(sure);
        emitter.AddAside(() =>
        {
            il.MarkLabel(unsure);
            type.EmitUnlessPlain(il, a, slow);
            type.EmitUnlessPlain(il, b, slow);
            il.Emit(OpCodes.Br, sure);
        });
        if (choice == Choice.None)
        {
            emitter.EmitSetFloatFlags(type, a, b);
        }
        else
        {
            LocalBuilder result = emitter.FloatValue(2, type);
            il.Emit(OpCodes.Ldloc, a);
            il.Emit(OpCodes.Ldloc, b);
            il.Emit(OpCodes.Call, choice == Choice.Minimum ? type.MinNative : type.MaxNative);
            il.Emit(OpCodes.Stloc, result);
            EmitFloatResult(emitter, type, result);
        }

        il.MarkLabel(back);
    }
}
