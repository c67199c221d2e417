using System.Reflection;
using System.Reflection.Emit;
using Iced.Intel;
using KvmSharp.Engine;
using KvmSharp.Instructions.FloatingPoint;
using KvmSharp.Operations.FloatingPoint;
using Label = System.Reflection.Emit.Label;

namespace KvmSharp.Regions;

/// <summary>Loads, stores, arithmetic and comparisons of the x87: calls of <see cref="X87Steps"/>; what those leave is done by the handler.</summary>
internal sealed class X87Translation : InstructionTranslation
{
    private const int AllBits = 0xFFFF;

    private static readonly Dictionary<Mnemonic, Type> Arithmetic = new()
    {
        [Mnemonic.Fadd] = typeof(FloatAdd),
        [Mnemonic.Faddp] = typeof(FloatAdd),
        [Mnemonic.Fiadd] = typeof(FloatAdd),
        [Mnemonic.Fsub] = typeof(FloatSubtract),
        [Mnemonic.Fsubp] = typeof(FloatSubtract),
        [Mnemonic.Fisub] = typeof(FloatSubtract),
        [Mnemonic.Fsubr] = typeof(FloatSubtractReversed),
        [Mnemonic.Fsubrp] = typeof(FloatSubtractReversed),
        [Mnemonic.Fisubr] = typeof(FloatSubtractReversed),
        [Mnemonic.Fmul] = typeof(FloatMultiply),
        [Mnemonic.Fmulp] = typeof(FloatMultiply),
        [Mnemonic.Fimul] = typeof(FloatMultiply),
        [Mnemonic.Fdiv] = typeof(FloatDivide),
        [Mnemonic.Fdivp] = typeof(FloatDivide),
        [Mnemonic.Fidiv] = typeof(FloatDivide),
        [Mnemonic.Fdivr] = typeof(FloatDivideReversed),
        [Mnemonic.Fdivrp] = typeof(FloatDivideReversed),
        [Mnemonic.Fidivr] = typeof(FloatDivideReversed),
    };

    private static readonly Dictionary<Mnemonic, Type> Pops = new()
    {
        [Mnemonic.Fst] = typeof(KeepTop),
        [Mnemonic.Fist] = typeof(KeepTop),
        [Mnemonic.Fcom] = typeof(KeepTop),
        [Mnemonic.Fucom] = typeof(KeepTop),
        [Mnemonic.Fcomi] = typeof(KeepTop),
        [Mnemonic.Fucomi] = typeof(KeepTop),
        [Mnemonic.Fstp] = typeof(PopOnce),
        [Mnemonic.Fistp] = typeof(PopOnce),
        [Mnemonic.Fcomp] = typeof(PopOnce),
        [Mnemonic.Fucomp] = typeof(PopOnce),
        [Mnemonic.Fcomip] = typeof(PopOnce),
        [Mnemonic.Fucomip] = typeof(PopOnce),
        [Mnemonic.Fcompp] = typeof(PopTwice),
        [Mnemonic.Fucompp] = typeof(PopTwice),
        [Mnemonic.Faddp] = typeof(PopOnce),
        [Mnemonic.Fsubp] = typeof(PopOnce),
        [Mnemonic.Fsubrp] = typeof(PopOnce),
        [Mnemonic.Fmulp] = typeof(PopOnce),
        [Mnemonic.Fdivp] = typeof(PopOnce),
        [Mnemonic.Fdivrp] = typeof(PopOnce),
    };

    /// <inheritdoc/>
    public override IEnumerable<Mnemonic> Mnemonics => Arithmetic.Keys.Union(Pops.Keys).Union(
        [Mnemonic.Fld, Mnemonic.Fild, Mnemonic.Fld1, Mnemonic.Fldz, Mnemonic.Fxch, Mnemonic.Fchs, Mnemonic.Fabs]);

    /// <inheritdoc/>
    public override bool Takes(in Instruction instruction, in MicroOp op, uint mode, bool flagsAreDead) =>
        (mode & CodeMode.NoCoprocessor) == 0
        && (!HasMemory(instruction) || instruction.MemorySize is MemorySize.Float32 or MemorySize.Float64 or MemorySize.Int16 or MemorySize.Int32 or MemorySize.Int64)
        && !(IntoFlags(instruction) && flagsAreDead);

    /// <inheritdoc/>
    public override FlagKind FlagsOf(in Instruction instruction) => IntoFlags(instruction) ? new FlagKind(FlagOperation.CompareFloats, sizeof(double)) : FlagKind.Untouched;

    /// <inheritdoc/>
    public override void Emit(RegionEmitter emitter)
    {
        ref readonly Instruction instruction = ref emitter.Instruction;
        if (IntoFlags(instruction))
        {
            EmitIntoFlags(emitter);
            return;
        }

        ILGenerator il = emitter.Il;
        (Label slow, Label back) = emitter.AddDetour();
        bool stores = instruction.Op0Kind == OpKind.Memory && instruction.Mnemonic is Mnemonic.Fst or Mnemonic.Fstp or Mnemonic.Fist or Mnemonic.Fistp;
        bool hasMemory = HasMemory(instruction);
        if (hasMemory)
        {
            EmitMemory(emitter, stores);
        }

        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, emitter.X87Top);
        string step = hasMemory ? PushMemory(emitter, stores) : PushRegisters(emitter);
        emitter.EmitInstructionRip();
        il.Emit(OpCodes.Call, Step(step, [.. TypesOf(instruction, stores)]));
        il.Emit(OpCodes.Brfalse, slow);
        il.MarkLabel(back);
    }

    // Flags are left in a form of their own, which a handler cannot give: so the interpreter goes on.
    private static void EmitIntoFlags(RegionEmitter e)
    {
        ILGenerator il = e.Il;
        LocalBuilder order = e.Result(sizeof(int));
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldc_I4, e.X87Top);
        il.Emit(OpCodes.Ldc_I4, (int)e.Op.Src);
        e.EmitInstructionRip();
        il.Emit(OpCodes.Call, Step(nameof(X87Steps.CompareIntoFlags), Pops[e.Instruction.Mnemonic]));
        il.Emit(OpCodes.Stloc, order);
        il.Emit(OpCodes.Ldloc, order);
        il.Emit(OpCodes.Ldc_I4_2);
        il.Emit(OpCodes.Beq, e.ExitHere(SideExitReason.Instruction));
        LocalBuilder a = e.FloatValue(0, FloatType.Double);
        LocalBuilder b = e.FloatValue(1, FloatType.Double);
        il.Emit(OpCodes.Ldloc, order);
        il.Emit(OpCodes.Conv_R8);
        il.Emit(OpCodes.Stloc, a);
        il.Emit(OpCodes.Ldc_R8, 0.0);
        il.Emit(OpCodes.Stloc, b);
        e.EmitSetFloatFlags(FloatType.Double, a, b);
    }

    private static void EmitMemory(RegionEmitter e, bool stores)
    {
        int size = e.Instruction.MemorySize.GetSize();
        e.EmitAddress(size, stores);
        if (stores)
        {
            e.EmitPrepareStore(size);
        }
        else
        {
            e.EmitLoad(size, e.ValueA(size));
        }
    }

    private static string PushMemory(RegionEmitter e, bool stores)
    {
        ref readonly Instruction instruction = ref e.Instruction;
        if (stores)
        {
            e.EmitHost();
            return nameof(X87Steps.Store);
        }

        int size = instruction.MemorySize.GetSize();
        e.Il.Emit(OpCodes.Ldloc, e.ValueA(size));
        if (size == sizeof(short))
        {
            e.Il.Emit(OpCodes.Conv_I2);
        }

        e.Il.Emit(OpCodes.Conv_I8);
        return instruction.Mnemonic switch
        {
            Mnemonic.Fld or Mnemonic.Fild => nameof(X87Steps.Load),
            Mnemonic.Fcom or Mnemonic.Fcomp => nameof(X87Steps.CompareMemory),
            _ => nameof(X87Steps.WithMemory),
        };
    }

    private static string PushRegisters(RegionEmitter e)
    {
        ILGenerator il = e.Il;
        switch (e.Instruction.Mnemonic)
        {
            case Mnemonic.Fld1 or Mnemonic.Fldz:
                bool one = e.Instruction.Mnemonic == Mnemonic.Fld1;
                il.Emit(OpCodes.Ldc_I8, one ? unchecked((long)Float80.IntegerBit) : 0);
                il.Emit(OpCodes.Ldc_I4, one ? Float80.Bias : 0);
                return nameof(X87Steps.LoadConstant);
            case Mnemonic.Fchs or Mnemonic.Fabs:
                bool turns = e.Instruction.Mnemonic == Mnemonic.Fchs;
                il.Emit(OpCodes.Ldc_I4, turns ? AllBits : Float80.ExponentMask);
                il.Emit(OpCodes.Ldc_I4, turns ? Float80.SignBit : 0);
                return nameof(X87Steps.ChangeSign);
            case Mnemonic.Fld:
                il.Emit(OpCodes.Ldc_I4, (int)e.Op.Dst);
                return nameof(X87Steps.LoadRegister);
            case Mnemonic.Fst or Mnemonic.Fstp:
                il.Emit(OpCodes.Ldc_I4, (int)e.Op.Dst);
                return nameof(X87Steps.StoreRegister);
            case Mnemonic.Fxch:
                il.Emit(OpCodes.Ldc_I4, (int)e.Op.Src);
                return nameof(X87Steps.Exchange);
            case Mnemonic.Fcompp or Mnemonic.Fucompp:
                il.Emit(OpCodes.Ldc_I4_1);
                return nameof(X87Steps.CompareRegister);
            case Mnemonic.Fcom or Mnemonic.Fcomp or Mnemonic.Fucom or Mnemonic.Fucomp:
                il.Emit(OpCodes.Ldc_I4, (int)e.Op.Src);
                return nameof(X87Steps.CompareRegister);
            default:
                il.Emit(OpCodes.Ldc_I4, (int)e.Op.Dst);
                il.Emit(OpCodes.Ldc_I4, (int)e.Op.Src);
                return nameof(X87Steps.Registers);
        }
    }

    // The type parameters of the step, in their order: operation, format, pops.
    private static IEnumerable<Type> TypesOf(Instruction instruction, bool stores)
    {
        if (Arithmetic.TryGetValue(instruction.Mnemonic, out Type? operation))
        {
            yield return operation;
        }

        if (HasMemory(instruction))
        {
            yield return instruction.MemorySize switch
            {
                MemorySize.Float32 => typeof(X87Single),
                MemorySize.Float64 => typeof(X87Double),
                MemorySize.Int16 when stores => typeof(X87IntegerTarget<short>),
                MemorySize.Int32 when stores => typeof(X87IntegerTarget<int>),
                MemorySize.Int64 when stores => typeof(X87IntegerTarget<long>),
                _ => typeof(X87Integer),
            };
        }

        if (Pops.TryGetValue(instruction.Mnemonic, out Type? pop))
        {
            yield return pop;
        }
        else if (operation is not null && !HasMemory(instruction))
        {
            yield return typeof(KeepTop);
        }
    }

    private static bool IntoFlags(in Instruction instruction) => instruction.Mnemonic is Mnemonic.Fcomi or Mnemonic.Fcomip or Mnemonic.Fucomi or Mnemonic.Fucomip;

    private static bool HasMemory(in Instruction instruction) => instruction.Op0Kind == OpKind.Memory || (instruction.OpCount > 1 && instruction.Op1Kind == OpKind.Memory);

    private static MethodInfo Step(string name, params Type[] types)
    {
        MethodInfo method = typeof(X87Steps).GetMethod(name)!;
        return types.Length == 0 ? method : method.MakeGenericMethod(types);
    }
}
