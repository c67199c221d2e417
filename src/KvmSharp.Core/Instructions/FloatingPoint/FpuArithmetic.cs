using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>Addition to square root, remainders, rounding and scaling. Intel SDM Vol. 1, "x87 FPU Basic Arithmetic Instructions".</summary>
internal static unsafe class FpuArithmetic
{
    public static void Register(LoweringTable table)
    {
        AddBinary<FloatAdd>(table, Mnemonic.Fadd, Mnemonic.Faddp, Mnemonic.Fiadd);
        AddBinary<FloatSubtract>(table, Mnemonic.Fsub, Mnemonic.Fsubp, Mnemonic.Fisub);
        AddBinary<FloatSubtractReversed>(table, Mnemonic.Fsubr, Mnemonic.Fsubrp, Mnemonic.Fisubr);
        AddBinary<FloatMultiply>(table, Mnemonic.Fmul, Mnemonic.Fmulp, Mnemonic.Fimul);
        AddBinary<FloatDivide>(table, Mnemonic.Fdiv, Mnemonic.Fdivp, Mnemonic.Fidiv);
        AddBinary<FloatDivideReversed>(table, Mnemonic.Fdivr, Mnemonic.Fdivrp, Mnemonic.Fidivr);
        FpuShape.AddWaiting(table, Mnemonic.Fsqrt, &SquareRoot);
        FpuShape.AddWaiting(table, Mnemonic.Frndint, &RoundToIntegral);
        FpuShape.AddWaiting(table, Mnemonic.Fscale, &Scale);
        FpuShape.AddWaiting(table, Mnemonic.Fprem, &Truncating);
        FpuShape.AddWaiting(table, Mnemonic.Fprem1, &Nearest);
        FpuShape.AddWaiting(table, Mnemonic.Fxtract, &Extract);
        FpuShape.AddWaiting(table, Mnemonic.Fchs, &ChangeSign);
        FpuShape.AddWaiting(table, Mnemonic.Fabs, &Absolute);
    }

    private static void AddBinary<TOp>(LoweringTable table, Mnemonic plain, Mnemonic popping, Mnemonic integer)
        where TOp : struct, IFloatOp
    {
        table.Add(plain, &LowerBinary<TOp>);
        table.Add(popping, &LowerPopping<TOp>);
        table.Add(integer, &LowerBinary<TOp>);
    }

    private static void LowerPopping<TOp>(ref Lowering l)
        where TOp : struct, IFloatOp
    {
        if (FpuShape.TryPrepare(ref l))
        {
            l.Op->Handler = &Registers<TOp, PopOnce>;
        }
    }

    private static void LowerBinary<TOp>(ref Lowering l)
        where TOp : struct, IFloatOp
    {
        if (!FpuShape.TryPrepare(ref l))
        {
            return;
        }

        bool flat = l.AddressForm == AddressFormKind.Flat;
        l.Op->Handler = !l.HasMemory
            ? &Registers<TOp, KeepTop>
            : l.Instruction.MemorySize switch
            {
                MemorySize.Float32 => flat ? &WithMemory<TOp, SingleFormat, uint, Flat> : &WithMemory<TOp, SingleFormat, uint, Segmented>,
                MemorySize.Float64 => flat ? &WithMemory<TOp, DoubleFormat, ulong, Flat> : &WithMemory<TOp, DoubleFormat, ulong, Segmented>,
                MemorySize.Int16 => &WithMemory<TOp, WordFormat, short, Segmented>,
                _ => &WithMemory<TOp, DoublewordFormat, int, Segmented>,
            };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* WithMemory<TOp, TFormat, TBits, TAddress>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IFloatOp
        where TFormat : struct, ILoadFormat<TBits>
        where TBits : unmanaged
        where TAddress : struct, IAddressForm
    {
        if (!FpuErrors.TryBegin(cpu, op)
            || !TAddress.TryAddress(cpu, op, sizeof(TBits), write: false, out ulong linear)
            || !LinearAccess.TryRead(cpu, op, linear, out TBits bits))
        {
            return null;
        }

        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0)
            ? env.StackUnderflow()
            : TOp.Apply(x87.Get(0), TFormat.Widen(bits, ref env), ref env);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(0, result);
        }

        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Registers<TOp, TPop>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IFloatOp
        where TPop : struct, IPop
    {
        if (!FpuErrors.TryBegin(cpu, op))
        {
            return null;
        }

        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(op->Dst) || x87.IsEmpty(op->Src)
            ? env.StackUnderflow()
            : TOp.Apply(x87.Get(op->Dst), x87.Get(op->Src), ref env);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(op->Dst, result);
            if (TPop.Count != 0)
            {
                x87.Pop();
            }
        }

        return op + 1;
    }

    private static bool SquareRoot(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) ? env.StackUnderflow() : FloatSquareRoot.Root(x87.Get(0), ref env);
        return Finish(cpu, op, result, env);
    }

    private static bool RoundToIntegral(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) ? env.StackUnderflow() : IntegerConversion.RoundToIntegral(x87.Get(0), ref env);
        return Finish(cpu, op, result, env);
    }

    private static bool Scale(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) || x87.IsEmpty(1)
            ? env.StackUnderflow()
            : FloatScaling.Scale(x87.Get(0), x87.Get(1), ref env);
        return Finish(cpu, op, result, env);
    }

    private static bool Truncating(CpuContext* cpu, MicroOp* op) => Remainder(cpu, op, nearest: false);

    private static bool Nearest(CpuContext* cpu, MicroOp* op) => Remainder(cpu, op, nearest: true);

    private static bool Remainder(CpuContext* cpu, MicroOp* op, bool nearest)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        int decided = X87Status.C2;
        Float80 result = x87.IsEmpty(0) || x87.IsEmpty(1)
            ? env.StackUnderflow()
            : FloatRemainder.Partial(x87.Get(0), x87.Get(1), nearest, out decided, ref env);
        x87.StatusWord &= (ushort)~decided;
        return Finish(cpu, op, result, env);
    }

    private static bool Extract(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 exponent;
        Float80 significand;
        if (x87.IsEmpty(0))
        {
            exponent = significand = env.StackUnderflow();
        }
        else if (!x87.IsEmpty(-1))
        {
            exponent = significand = env.StackOverflow();
        }
        else
        {
            significand = FloatScaling.Extract(x87.Get(0), out exponent, ref env);
        }

        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(0, exponent);
            x87.Push(significand);
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool ChangeSign(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) ? env.StackUnderflow() : x87.Get(0).Negated();
        return Finish(cpu, op, result, env);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Absolute(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 result = x87.IsEmpty(0) ? env.StackUnderflow() : x87.Get(0).Absolute();
        return Finish(cpu, op, result, env);
    }

    private static bool Finish(CpuContext* cpu, MicroOp* op, Float80 result, in FloatEnvironment env)
    {
        if (FpuErrors.Report(cpu, op, env))
        {
            cpu->State.X87.Set(0, result);
        }

        return true;
    }
}
