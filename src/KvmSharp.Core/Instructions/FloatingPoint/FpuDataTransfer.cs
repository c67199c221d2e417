using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions.Shapes;
using KvmSharp.Memory;
using KvmSharp.Operations.Conditions;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>Loads, stores, exchanges and conditional moves. Intel SDM Vol. 1, "x87 FPU Data Transfer Instructions".</summary>
internal static unsafe class FpuDataTransfer
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Fld, &LowerLoad);
        table.Add(Mnemonic.Fild, &LowerLoad);
        table.Add(Mnemonic.Fbld, &LowerLoad);
        table.Add(Mnemonic.Fst, &LowerStore<KeepTop>);
        table.Add(Mnemonic.Fstp, &LowerStore<PopOnce>);
        table.Add(Mnemonic.Fist, &LowerStore<KeepTop>);
        table.Add(Mnemonic.Fistp, &LowerStore<PopOnce>);
        table.Add(Mnemonic.Fbstp, &LowerStore<PopOnce>);
        table.Add(Mnemonic.Fisttp, &LowerTruncatingStore);
        FpuShape.AddWaiting(table, Mnemonic.Fstpnce, &MoveUnchecked);
        FpuShape.AddWaiting(table, Mnemonic.Fxch, &Exchange);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovb, &MoveIf<Below>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmove, &MoveIf<Equal>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovbe, &MoveIf<BelowOrEqual>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovu, &MoveIf<Parity>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovnb, &MoveIf<AboveOrEqual>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovne, &MoveIf<NotEqual>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovnbe, &MoveIf<Above>);
        FpuShape.AddWaiting(table, Mnemonic.Fcmovnu, &MoveIf<NotParity>);
    }

    private static void LowerLoad(ref Lowering l)
    {
        if (!FpuShape.TryPrepare(ref l))
        {
            return;
        }

        bool flat = l.AddressForm == AddressFormKind.Flat;
        l.Op->Handler = l.Instruction.Code switch
        {
            Code.Fld_m32fp => flat ? &Load<SingleFormat, uint, Flat> : &Load<SingleFormat, uint, Segmented>,
            Code.Fld_m64fp => flat ? &Load<DoubleFormat, ulong, Flat> : &Load<DoubleFormat, ulong, Segmented>,
            Code.Fld_m80fp => &LoadTenBytes<ExtendedFormat>,
            Code.Fild_m16int => &LoadAsIs<WordFormat, short>,
            Code.Fild_m32int => &LoadAsIs<DoublewordFormat, int>,
            Code.Fild_m64int => &LoadAsIs<QuadwordFormat, long>,
            Code.Fbld_m80bcd => &LoadTenBytes<DecimalFormat>,
            _ => &LoadRegister,
        };
    }

    private static void LowerStore<TPop>(ref Lowering l)
        where TPop : struct, IPop
    {
        if (FpuShape.TryPrepare(ref l))
        {
            l.Op->Handler = l.Instruction.Code switch
            {
                Code.Fst_m32fp or Code.Fstp_m32fp => &Store<SingleFormat, uint, TPop>,
                Code.Fst_m64fp or Code.Fstp_m64fp => &Store<DoubleFormat, ulong, TPop>,
                Code.Fstp_m80fp => &Store<ExtendedFormat, TenBytes, TPop>,
                Code.Fist_m16int or Code.Fistp_m16int => &Store<WordFormat, short, TPop>,
                Code.Fist_m32int or Code.Fistp_m32int => &Store<DoublewordFormat, int, TPop>,
                Code.Fistp_m64int => &Store<QuadwordFormat, long, TPop>,
                Code.Fbstp_m80bcd => &Store<DecimalFormat, TenBytes, TPop>,
                _ => &StoreRegister<TPop>,
            };
        }
    }

    private static void LowerTruncatingStore(ref Lowering l)
    {
        if (FpuShape.TryPrepare(ref l))
        {
            l.Op->Handler = l.Instruction.Code switch
            {
                Code.Fisttp_m16int => &Store<TruncatedWordFormat, short, PopOnce>,
                Code.Fisttp_m32int => &Store<TruncatedDoublewordFormat, int, PopOnce>,
                _ => &Store<TruncatedQuadwordFormat, long, PopOnce>,
            };
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Load<TFormat, TBits, TAddress>(CpuContext* cpu, MicroOp* op)
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
        Float80 value;
        if (x87.IsEmpty(-1))
        {
            value = TFormat.Widen(bits, ref env);
            if (!value.IsNormal || env.DenormalSource)
            {
                value = Examine(value, ref env);
            }
        }
        else
        {
            value = env.StackOverflow();
        }

        // An unmasked DE does not keep a load from completing, as it does other operations.
        if (FpuErrors.Report(cpu, op, env) || (env.Status & ~env.Control & X87Status.Invalid) == 0)
        {
            x87.Push(value);
        }

        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* LoadAsIs<TFormat, TBits>(CpuContext* cpu, MicroOp* op)
        where TFormat : struct, IExactFormat<TBits>
        where TBits : unmanaged
    {
        cpu->CurrentOp = op;
        if (!FpuErrors.TryBegin(cpu, op) || !Operands.TryReadMemory(cpu, op, 0, out TBits bits))
        {
            return null;
        }

        return Push(cpu, op, TFormat.Widen(bits));
    }

    private static MicroOp* LoadTenBytes<TFormat>(CpuContext* cpu, MicroOp* op)
        where TFormat : struct, IExactFormat<TenBytes>
    {
        cpu->CurrentOp = op;
        return FpuErrors.TryBegin(cpu, op) && TenByteAccess.TryRead(cpu, op, 0, out TenBytes bits)
            ? Push(cpu, op, TFormat.Widen(bits))
            : null;
    }

    private static MicroOp* Push(CpuContext* cpu, MicroOp* op, Float80 value)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        value = x87.IsEmpty(-1) ? value : env.StackOverflow();
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Push(value);
        }

        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* LoadRegister(CpuContext* cpu, MicroOp* op)
    {
        if (!FpuErrors.TryBegin(cpu, op))
        {
            return null;
        }

        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 value = x87.IsEmpty(op->Dst) ? env.StackUnderflow()
            : x87.IsEmpty(-1) ? x87.Get(op->Dst) : env.StackOverflow();
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Push(value);
        }

        return op + 1;
    }

    // The store comes first: when it faults, nothing has been reported.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Store<TFormat, TBits, TPop>(CpuContext* cpu, MicroOp* op)
        where TFormat : struct, IStoreFormat<TBits>
        where TBits : unmanaged
        where TPop : struct, IPop
    {
        cpu->CurrentOp = op;
        if (!FpuErrors.TryBegin(cpu, op))
        {
            return null;
        }

        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        TBits bits = TFormat.Narrow(x87.IsEmpty(0) ? env.StackUnderflow() : x87.Get(0), ref env);
        bool stores = !env.StopsStore;
        if (stores && !TFormat.TryStore(cpu, op, bits))
        {
            return null;
        }

        FpuErrors.Report(cpu, op, env);
        if (stores && TPop.Count != 0)
        {
            x87.Pop();
        }

        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* StoreRegister<TPop>(CpuContext* cpu, MicroOp* op)
        where TPop : struct, IPop
    {
        if (!FpuErrors.TryBegin(cpu, op))
        {
            return null;
        }

        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        Float80 value = x87.IsEmpty(0) ? env.StackUnderflow() : x87.Get(0);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(op->Dst, value);
            if (TPop.Count != 0)
            {
                x87.Pop();
            }
        }

        return op + 1;
    }

    // FSTPNCE: FSTP that copies an empty register as it is, without a stack fault.
    private static bool MoveUnchecked(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        FpuErrors.ReportNothing(cpu, op);
        if (!x87.IsEmpty(0))
        {
            x87.Set(op->Dst, x87.Get(0));
        }

        x87.Pop();
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Exchange(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        int other = op->Src;
        Float80 first = x87.IsEmpty(0) ? env.StackUnderflow() : x87.Get(0);
        Float80 second = x87.IsEmpty(other) ? env.StackUnderflow() : x87.Get(other);
        if (FpuErrors.Report(cpu, op, env))
        {
            x87.Set(0, second);
            x87.Set(other, first);
        }

        return true;
    }

    // An empty register is a stack fault whether or not the condition holds. Intel SDM Vol. 2A, "FCMOVcc".
    private static bool MoveIf<TCondition>(CpuContext* cpu, MicroOp* op)
        where TCondition : struct, ICondition
    {
        ref X87State x87 = ref cpu->State.X87;
        var env = new FloatEnvironment(x87.ControlWord);
        bool fault = x87.IsEmpty(0) || x87.IsEmpty(op->Src);
        Float80 value = fault ? env.StackUnderflow() : x87.Get(op->Src);
        if (FpuErrors.ReportKeepingC1(cpu, op, env) && (fault || TCondition.Test(cpu->Flags)))
        {
            x87.Set(0, value);
        }

        return true;
    }

    // What a load from a narrower format may raise: DE, and IE for a signaling NaN, which it makes quiet.
    private static Float80 Examine(Float80 value, ref FloatEnvironment env)
    {
        FloatClass kind = value.Class;
        env.StopsForDenormal(kind, kind);
        if (kind == FloatClass.SignalingNaN)
        {
            env.Raise(X87Status.Invalid);
            return value.Quieted();
        }

        return value;
    }
}
