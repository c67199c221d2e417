using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Iced.Intel;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Arithmetic on singles and doubles: on the host, where that is exactly what the guest must see; else by the handler.</summary>
/// <remarks>
/// The conditions: MXCSR rounds to nearest and has #P masked and reported already, operands are not denormal, the result is normal or an exact
/// zero. Then no other exception can have come about: an infinite or NaN operand gives such a result, or a zero that is not exact. What is tested at
/// first is simpler: nothing is near to zero, and the result not beyond the largest number. What fails that is looked at behind the region.
/// </remarks>
internal sealed class FloatTranslation : VectorTranslation
{
    private static readonly Dictionary<Mnemonic, Operation> Operations = new()
    {
        [Mnemonic.Addss] = new(OpCodes.Add, ZeroResult.Always, IsPacked: false, FloatType.Single),
        [Mnemonic.Addsd] = new(OpCodes.Add, ZeroResult.Always, IsPacked: false, FloatType.Double),
        [Mnemonic.Addps] = new(OpCodes.Add, ZeroResult.Always, IsPacked: true, FloatType.Single),
        [Mnemonic.Addpd] = new(OpCodes.Add, ZeroResult.Always, IsPacked: true, FloatType.Double),
        [Mnemonic.Subss] = new(OpCodes.Sub, ZeroResult.Always, IsPacked: false, FloatType.Single),
        [Mnemonic.Subsd] = new(OpCodes.Sub, ZeroResult.Always, IsPacked: false, FloatType.Double),
        [Mnemonic.Subps] = new(OpCodes.Sub, ZeroResult.Always, IsPacked: true, FloatType.Single),
        [Mnemonic.Subpd] = new(OpCodes.Sub, ZeroResult.Always, IsPacked: true, FloatType.Double),
        [Mnemonic.Mulss] = new(OpCodes.Mul, ZeroResult.OfEither, IsPacked: false, FloatType.Single),
        [Mnemonic.Mulsd] = new(OpCodes.Mul, ZeroResult.OfEither, IsPacked: false, FloatType.Double),
        [Mnemonic.Mulps] = new(OpCodes.Mul, ZeroResult.OfEither, IsPacked: true, FloatType.Single),
        [Mnemonic.Mulpd] = new(OpCodes.Mul, ZeroResult.OfEither, IsPacked: true, FloatType.Double),
        [Mnemonic.Divss] = new(OpCodes.Div, ZeroResult.OfFirst, IsPacked: false, FloatType.Single),
        [Mnemonic.Divsd] = new(OpCodes.Div, ZeroResult.OfFirst, IsPacked: false, FloatType.Double),
        [Mnemonic.Divps] = new(OpCodes.Div, ZeroResult.OfFirst, IsPacked: true, FloatType.Single),
        [Mnemonic.Divpd] = new(OpCodes.Div, ZeroResult.OfFirst, IsPacked: true, FloatType.Double),
        [Mnemonic.Sqrtss] = new(null, ZeroResult.OfFirst, IsPacked: false, FloatType.Single),
        [Mnemonic.Sqrtsd] = new(null, ZeroResult.OfFirst, IsPacked: false, FloatType.Double),
    };

    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => Operations.Keys;

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        Operation operation = Operations[emitter.Instruction.Mnemonic];
        (Label slow, Label back) = emitter.AddSlowWay();
        if (operation.IsPacked)
        {
            EmitPacked(emitter, operation, slow);
        }
        else
        {
            EmitScalar(emitter, operation, slow);
        }

        emitter.Il.MarkLabel(back);
        NoteWhatIsKnown(emitter, operation);
    }

    private static void EmitScalar(RegionEmitter e, Operation operation, Label slow)
    {
        ILGenerator il = e.Il;
        FloatType type = operation.Type;
        bool isRoot = operation.Code is null;
        LocalBuilder b = e.FloatValue(1, type);
        LocalBuilder a = isRoot ? b : e.FloatValue(0, type);
        LocalBuilder result = e.FloatValue(2, type);
        EmitFloatSource(e, type, b);
        if (!isRoot)
        {
            EmitFloatTarget(e, type, a);
        }

        e.EmitUnlessHostRounding(slow);
        il.Emit(OpCodes.Ldloc, a);
        if (operation.Code is { } code)
        {
            il.Emit(OpCodes.Ldloc, b);
            il.Emit(code);
        }
        else
        {
            il.Emit(OpCodes.Call, type.Sqrt);
        }

        il.Emit(OpCodes.Stloc, result);
        (Label unsure, Label sure) = (il.DefineLabel(), il.DefineLabel());
        (bool looksAtA, bool looksAtB) = Unknown(e, operation);
        LocalBuilder[] unknown = [.. new[] { looksAtA ? a : null, looksAtB ? b : null }.OfType<LocalBuilder>()];
        type.EmitMagnitude(il, result);
        foreach (LocalBuilder operand in unknown)
        {
            // The result comes second: of a NaN and a number the second is the minimum.
            il.Emit(OpCodes.Stloc, e.FloatValue(3, type));
            type.EmitMagnitude(il, operand);
            il.Emit(OpCodes.Ldloc, e.FloatValue(3, type));
            il.Emit(OpCodes.Call, type.MinNative);
        }

        type.EmitConstant(il, type.Least);
        il.Emit(OpCodes.Blt_Un, unsure);
        type.EmitMagnitude(il, result);
        type.EmitConstant(il, type.Greatest);
        il.Emit(OpCodes.Bgt_Un, unsure);
        il.MarkLabel(sure);
        EmitFloatResult(e, type, result);
        e.AddAside(() =>
        {
            il.MarkLabel(unsure);
            foreach (LocalBuilder operand in unknown)
            {
                type.EmitUnlessPlain(il, operand, slow);
            }

            EmitJudgement(il, operation, a, b, result, sure, slow);
        });
    }

    // Of a result whose operands are zero, normal or infinite.
    private static void EmitJudgement(ILGenerator il, Operation operation, LocalBuilder a, LocalBuilder b, LocalBuilder result, Label sure, Label slow)
    {
        FloatType type = operation.Type;
        Label small = il.DefineLabel();
        type.EmitMagnitude(il, result);
        type.EmitConstant(il, type.Least);
        il.Emit(OpCodes.Blt_Un, small);
        type.EmitMagnitude(il, result);
        type.EmitConstant(il, type.Greatest);
        il.Emit(OpCodes.Ble, sure);
        il.Emit(OpCodes.Br, slow);
        il.MarkLabel(small);
        il.Emit(OpCodes.Ldloc, result);
        type.EmitConstant(il, 0);
        il.Emit(OpCodes.Bne_Un, slow);
        if (operation.Zero == ZeroResult.Always)
        {
            il.Emit(OpCodes.Br, sure);
            return;
        }

        foreach (LocalBuilder operand in operation.Zero == ZeroResult.OfEither ? new[] { a, b } : [a])
        {
            il.Emit(OpCodes.Ldloc, operand);
            type.EmitConstant(il, 0);
            il.Emit(OpCodes.Beq, sure);
        }

        il.Emit(OpCodes.Br, slow);
    }

    private static void EmitPacked(RegionEmitter e, Operation operation, Label slow)
    {
        ILGenerator il = e.Il;
        FloatType type = operation.Type;
        LocalBuilder a = e.VectorValue(0, type.Vector);
        LocalBuilder b = e.VectorValue(1, type.Vector);
        LocalBuilder result = e.VectorValue(2, type.Vector);
        EmitSource(e);
        EmitAs(e, e.VectorB, b);
        e.EmitReadVector(e.Instruction.Op0Register);
        il.Emit(OpCodes.Call, VectorIntrinsics.As(typeof(byte), type.Element));
        il.Emit(OpCodes.Stloc, a);
        e.EmitUnlessHostRounding(slow);
        il.Emit(OpCodes.Ldloc, a);
        il.Emit(OpCodes.Ldloc, b);
        il.Emit(OpCodes.Call, type.Vector.GetMethod(operation.Operator, [type.Vector, type.Vector])!);
        il.Emit(OpCodes.Stloc, result);
        (Label unsure, Label sure) = (il.DefineLabel(), il.DefineLabel());
        (bool looksAtA, bool looksAtB) = Unknown(e, operation);
        type.EmitMagnitudes(il, result);
        foreach (LocalBuilder operand in new[] { looksAtA ? a : null, looksAtB ? b : null }.OfType<LocalBuilder>())
        {
            il.Emit(OpCodes.Stloc, e.VectorValue(3, type.Vector));
            type.EmitMagnitudes(il, operand);
            il.Emit(OpCodes.Ldloc, e.VectorValue(3, type.Vector));
            il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.MinNative), type.Element, 2));
        }

        type.EmitConstants(il, type.Least);
        il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.GreaterThanOrEqual), type.Element, 2));
        type.EmitMagnitudes(il, result);
        type.EmitConstants(il, type.Greatest);
        il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.LessThanOrEqual), type.Element, 2));
        il.Emit(OpCodes.Call, type.Vector.GetMethod("op_BitwiseAnd", [type.Vector, type.Vector])!);
        il.Emit(OpCodes.Call, VectorIntrinsics.Of(nameof(Vector128.ExtractMostSignificantBits), type.Element, 1));
        il.Emit(OpCodes.Ldc_I4, (1 << (16 / type.Size)) - 1);
        il.Emit(OpCodes.Bne_Un, unsure);
        il.MarkLabel(sure);
        il.Emit(OpCodes.Ldloc, result);
        il.Emit(OpCodes.Call, VectorIntrinsics.As(type.Element, typeof(byte)));
        e.EmitWriteVector(e.Instruction.Op0Register);
        e.AddAside(() =>
        {
            il.MarkLabel(unsure);
            il.Emit(OpCodes.Ldloc, a);
            il.Emit(OpCodes.Ldloc, b);
            il.Emit(OpCodes.Ldloc, result);
            il.Emit(OpCodes.Ldc_I4, (int)operation.Zero);
            type.EmitConstants(il, type.SmallestNormal);
            type.EmitConstants(il, type.Least);
            type.EmitConstants(il, type.Greatest);
            il.Emit(OpCodes.Call, typeof(FloatType).GetMethod(nameof(FloatType.AllHold))!.MakeGenericMethod(type.Element));
            il.Emit(OpCodes.Brtrue, sure);
            il.Emit(OpCodes.Br, slow);
        });
    }

    private static (bool LooksAtA, bool LooksAtB) Unknown(RegionEmitter e, Operation operation)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        bool knowsA = operation.Code is null || (e.PlainOf(instruction.Op0Register) & operation.Lanes) == operation.Lanes;
        bool knowsB = instruction.Op1Kind == OpKind.Register && (e.PlainOf(instruction.Op1Register) & operation.Lanes) == operation.Lanes;
        return (!knowsA, !knowsB);
    }

    // A handler that is called instead may leave anything. Elements that the instruction leaves alone are known as before.
    private static void NoteWhatIsKnown(RegionEmitter e, Operation operation)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        if (!e.Plan.RoundsOnHost)
        {
            return;
        }

        if (instruction.Op1Kind == OpKind.Register)
        {
            e.NotePlain(instruction.Op1Register, e.PlainOf(instruction.Op1Register) | operation.Lanes);
        }

        PlainLanes kept = operation.IsPacked ? PlainLanes.None : e.PlainOf(instruction.Op0Register) & operation.Type.AllLanes;
        e.NotePlain(instruction.Op0Register, operation.Lanes | kept);
    }

    /// <summary>What an instruction computes; no <paramref name="Code"/> stands for the root.</summary>
    private sealed record Operation(OpCode? Code, ZeroResult Zero, bool IsPacked, FloatType Type)
    {
        public PlainLanes Lanes => IsPacked ? Type.AllLanes : Type.LowLane;

        public string Operator => Code == OpCodes.Add ? "op_Addition" : Code == OpCodes.Sub ? "op_Subtraction" : Code == OpCodes.Mul ? "op_Multiply" : "op_Division";
    }
}
