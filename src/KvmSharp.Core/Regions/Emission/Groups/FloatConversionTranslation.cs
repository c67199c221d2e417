using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Conversions between integers, singles and doubles: on the host where nothing new is to be reported; else by the handler.</summary>
internal sealed class FloatConversionTranslation : VectorTranslation
{
    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics =>
    [
        Mnemonic.Cvtsi2sd, Mnemonic.Cvtsi2ss, Mnemonic.Cvtdq2pd, Mnemonic.Cvttsd2si, Mnemonic.Cvttss2si, Mnemonic.Cvtsd2si, Mnemonic.Cvtss2si,
        Mnemonic.Cvtss2sd, Mnemonic.Cvtsd2ss,
    ];

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) =>
        base.Takes(instruction, op, mode, flagsAreDead) && (instruction.Mnemonic != Mnemonic.Cvtsi2ss || WidthOf(instruction, 1) == sizeof(uint));

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        (Label slow, Label back) = emitter.AddSlowWay();
        switch (emitter.Instruction.Mnemonic)
        {
            case Mnemonic.Cvtsi2sd or Mnemonic.Cvtsi2ss:
                EmitFromInteger(emitter, slow);
                break;
            case Mnemonic.Cvtdq2pd:
                EmitSource(emitter);
                EmitStep(emitter, nameof(VectorSteps.DoublesOfInt32), emitter.VectorB);
                emitter.EmitWriteVector(emitter.Instruction.Op0Register);
                emitter.NotePlain(emitter.Instruction.Op0Register, PlainLanes.Doubles);
                break;
            case Mnemonic.Cvtss2sd:
                EmitSource(emitter);
                EmitTarget(emitter);
                EmitStep(emitter, nameof(VectorSteps.Widens), emitter.VectorB);
                emitter.Il.Emit(OpCodes.Brfalse, slow);
                EmitStep(emitter, nameof(VectorSteps.Widen), emitter.VectorA, emitter.VectorB);
                emitter.EmitWriteVector(emitter.Instruction.Op0Register);
                break;
            case Mnemonic.Cvtsd2ss:
                EmitSource(emitter);
                EmitTarget(emitter);
                emitter.EmitUnlessHostRounding(slow);
                EmitStep(emitter, nameof(VectorSteps.Narrow), emitter.VectorA, emitter.VectorB);
                emitter.Il.Emit(OpCodes.Stloc, emitter.VectorResult);
                EmitStep(emitter, nameof(VectorSteps.Narrows), emitter.VectorB, emitter.VectorResult);
                emitter.Il.Emit(OpCodes.Brfalse, slow);
                EmitResult(emitter);
                break;
            default:
                EmitToInteger(emitter, slow);
                break;
        }

        emitter.Il.MarkLabel(back);
    }

    private static void EmitFromInteger(RegionEmitter e, Label slow)
    {
        int width = WidthOf(e.Instruction, 1);
        bool isDouble = e.Instruction.Mnemonic == Mnemonic.Cvtsi2sd;
        bool isWide = RegionEmitter.IsWide(width);
        LocalBuilder value = e.ValueA(width);
        EmitOperand(e, 1, width, value);
        if (!isDouble || isWide)
        {
            e.EmitUnlessHostRounding(slow);
        }

        EmitTarget(e);
        EmitStep(e, !isDouble ? nameof(VectorSteps.SingleOfInt32) : isWide ? nameof(VectorSteps.DoubleOfInt64) : nameof(VectorSteps.DoubleOfInt32), e.VectorA, value);
        Register target = e.Instruction.Op0Register;
        e.EmitWriteVector(target);
        if (isDouble && (!isWide || e.Plan.RoundsOnHost))
        {
            e.NotePlain(target, PlainLanes.LowDouble | (e.PlainOf(target) & PlainLanes.Doubles));
        }
    }

    private static void EmitToInteger(RegionEmitter e, Label slow)
    {
        Mnemonic mnemonic = e.Instruction.Mnemonic;
        bool isWide = RegionEmitter.IsWide(WidthOf(e.Instruction, 0));
        EmitSource(e);
        if (mnemonic is Mnemonic.Cvttss2si or Mnemonic.Cvtss2si)
        {
            EmitStep(e, nameof(VectorSteps.Widen), e.VectorB, e.VectorB);
            e.Il.Emit(OpCodes.Stloc, e.VectorB);
        }

        if (mnemonic is Mnemonic.Cvtsd2si or Mnemonic.Cvtss2si)
        {
            e.EmitUnlessHostRounding(slow);
            EmitStep(e, nameof(VectorSteps.Round), e.VectorB);
            e.Il.Emit(OpCodes.Stloc, e.VectorB);
        }

        EmitStep(e, isWide ? nameof(VectorSteps.TruncatesToInt64) : nameof(VectorSteps.TruncatesToInt32), e.VectorB, e.Rounding);
        e.Il.Emit(OpCodes.Brfalse, slow);
        EmitStep(e, isWide ? nameof(VectorSteps.ToInt64) : nameof(VectorSteps.ToInt32), e.VectorB);
        e.EmitWrite(e.Instruction.Op0Register);
    }

    private static void EmitStep(RegionEmitter e, string name, params ReadOnlySpan<LocalBuilder> arguments)
    {
        foreach (LocalBuilder argument in arguments)
        {
            e.Il.Emit(OpCodes.Ldloc, argument);
        }

        e.Il.Emit(OpCodes.Call, RegionEmitter.VectorMethod(name));
    }
}
