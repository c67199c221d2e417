using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>Comparison and classification. Intel SDM Vol. 1, "x87 FPU Comparison and Classification Instructions".</summary>
/// <remarks>The outcome is stored even when an unmasked exception keeps the stack from being popped.</remarks>
internal static unsafe class FpuComparison
{
    private const ushort ConditionCodes = X87Status.C0 | X87Status.C1 | X87Status.C2 | X87Status.C3;

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Fcom, &LowerOrdered<KeepTop>);
        table.Add(Mnemonic.Fcomp, &LowerOrdered<PopOnce>);
        table.Add(Mnemonic.Ficom, &LowerOrdered<KeepTop>);
        table.Add(Mnemonic.Ficomp, &LowerOrdered<PopOnce>);
        FpuShape.AddWaiting(table, Mnemonic.Fcompp, &WithRegister<Ordered, PopTwice>);
        FpuShape.AddWaiting(table, Mnemonic.Fucom, &WithRegister<Unordered, KeepTop>);
        FpuShape.AddWaiting(table, Mnemonic.Fucomp, &WithRegister<Unordered, PopOnce>);
        FpuShape.AddWaiting(table, Mnemonic.Fucompp, &WithRegister<Unordered, PopTwice>);
        FpuShape.AddWaiting(table, Mnemonic.Fcomi, &IntoFlags<Ordered, KeepTop>);
        FpuShape.AddWaiting(table, Mnemonic.Fcomip, &IntoFlags<Ordered, PopOnce>);
        FpuShape.AddWaiting(table, Mnemonic.Fucomi, &IntoFlags<Unordered, KeepTop>);
        FpuShape.AddWaiting(table, Mnemonic.Fucomip, &IntoFlags<Unordered, PopOnce>);
        FpuShape.AddWaiting(table, Mnemonic.Ftst, &Test);
        FpuShape.AddWaiting(table, Mnemonic.Fxam, &Examine);
    }

    private static void LowerOrdered<TPop>(ref Lowering l)
        where TPop : struct, IPop
    {
        FpuShape.LowerWaiting(ref l);
        l.Op->Body = l.Instruction.MemorySize switch
        {
            MemorySize.Float32 => &WithMemory<SingleFormat, uint, TPop>,
            MemorySize.Float64 => &WithMemory<DoubleFormat, ulong, TPop>,
            MemorySize.Int16 => &WithMemory<WordFormat, short, TPop>,
            MemorySize.Int32 => &WithMemory<DoublewordFormat, int, TPop>,
            _ => &WithRegister<Ordered, TPop>,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool WithMemory<TFormat, TBits, TPop>(CpuContext* cpu, MicroOp* op)
        where TFormat : struct, ILoadFormat<TBits>
        where TBits : unmanaged
        where TPop : struct, IPop
    {
        if (!Operands.TryReadMemory(cpu, op, 0, out TBits bits))
        {
            return false;
        }

        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        FloatRelation relation = FloatRelation.Unordered;
        if (x87.IsEmpty(0))
        {
            env.StackUnderflow();
        }
        else
        {
            relation = FloatComparison.Compare(x87.Get(0), TFormat.Widen(bits, ref env), quiet: false, ref env);
        }

        return IntoConditionCodes<TPop>(cpu, op, relation, env);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool WithRegister<TNaN, TPop>(CpuContext* cpu, MicroOp* op)
        where TNaN : struct, INaNRule
        where TPop : struct, IPop
    {
        int other = TPop.Count == 2 ? 1 : op->Src;
        FloatRelation relation = CompareRegisters<TNaN>(cpu, other, out FloatEnvironment env);
        return IntoConditionCodes<TPop>(cpu, op, relation, env);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool IntoFlags<TNaN, TPop>(CpuContext* cpu, MicroOp* op)
        where TNaN : struct, INaNRule
        where TPop : struct, IPop
    {
        FloatRelation relation = CompareRegisters<TNaN>(cpu, op->Src, out FloatEnvironment env);
        bool completes = FpuErrors.ReportKeepingC1(cpu, op, env);
        cpu->Flags = ArithmeticFlags.FromRflags(relation switch
        {
            FloatRelation.Less => ArithmeticFlags.CarryBit,
            FloatRelation.Equal => ArithmeticFlags.ZeroBit,
            FloatRelation.Unordered => ArithmeticFlags.CarryBit | ArithmeticFlags.ParityBit | ArithmeticFlags.ZeroBit,
            _ => 0,
        });
        if (completes)
        {
            Pop<TPop>(cpu);
        }

        return true;
    }

    private static bool Test(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        FloatRelation relation = FloatRelation.Unordered;
        if (x87.IsEmpty(0))
        {
            env.StackUnderflow();
        }
        else
        {
            relation = FloatComparison.Compare(x87.Get(0), default, quiet: false, ref env);
        }

        return IntoConditionCodes<KeepTop>(cpu, op, relation, env);
    }

    // FXAM answers for empty registers too. Intel SDM Vol. 2A, "FXAM: Examine Floating-Point".
    private static bool Examine(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        FpuErrors.ReportNothing(cpu, op);
        Float80 value = x87.Get(0);
        int kind = x87.IsEmpty(0)
            ? X87Status.C3 | X87Status.C0
            : value.Class switch
            {
                FloatClass.QuietNaN or FloatClass.SignalingNaN => X87Status.C0,
                FloatClass.Normal => X87Status.C2,
                FloatClass.Infinity => X87Status.C2 | X87Status.C0,
                FloatClass.Zero => X87Status.C3,
                FloatClass.Denormal => X87Status.C3 | X87Status.C2,
                _ => 0,
            };
        SetConditionCodes(ref x87, kind | (value.IsNegative ? X87Status.C1 : 0));
        return true;
    }

    private static FloatRelation CompareRegisters<TNaN>(CpuContext* cpu, int other, out FloatEnvironment env)
        where TNaN : struct, INaNRule
    {
        ref X87State x87 = ref cpu->State.X87;
        env = new FloatEnvironment(x87.ControlWord);
        if (x87.IsEmpty(0) || x87.IsEmpty(other))
        {
            env.StackUnderflow();
            return FloatRelation.Unordered;
        }

        return FloatComparison.Compare(x87.Get(0), x87.Get(other), TNaN.IsQuiet, ref env);
    }

    private static bool IntoConditionCodes<TPop>(CpuContext* cpu, MicroOp* op, FloatRelation relation, in FloatEnvironment env)
        where TPop : struct, IPop
    {
        bool completes = FpuErrors.Report(cpu, op, env);
        SetConditionCodes(ref cpu->State.X87, relation switch
        {
            FloatRelation.Less => X87Status.C0,
            FloatRelation.Equal => X87Status.C3,
            FloatRelation.Unordered => X87Status.C0 | X87Status.C2 | X87Status.C3,
            _ => 0,
        });
        if (completes)
        {
            Pop<TPop>(cpu);
        }

        return true;
    }

    private static void SetConditionCodes(ref X87State x87, int codes) =>
        x87.StatusWord = (ushort)((x87.StatusWord & ~ConditionCodes) | codes);

    private static void Pop<TPop>(CpuContext* cpu)
        where TPop : struct, IPop
    {
        for (int i = 0; i < TPop.Count; i++)
        {
            cpu->State.X87.Pop();
        }
    }
}

/// <summary>Whether a comparison accepts quiet NaNs without IE.</summary>
internal interface INaNRule
{
    static abstract bool IsQuiet { get; }
}

/// <summary>FCOM and its kin.</summary>
internal readonly struct Ordered : INaNRule
{
    public static bool IsQuiet => false;
}

/// <summary>FUCOM and its kin.</summary>
internal readonly struct Unordered : INaNRule
{
    public static bool IsQuiet => true;
}
