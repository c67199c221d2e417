using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>XCHG, XADD, CMPXCHG, CMPXCHG8B and CMPXCHG16B.</summary>
/// <remarks>With memory all of them take the atomic way, LOCK or not: for XCHG it is the rule, for the others more than was asked.</remarks>
internal static unsafe class ExchangeShape
{
    public static void LowerXchg(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = (l.Width, l.HasMemory) switch
        {
            (1, true) => &XchgMemory<byte>,
            (1, false) => &XchgRegister<byte>,
            (2, true) => &XchgMemory<ushort>,
            (2, false) => &XchgRegister<ushort>,
            (4, true) => &XchgMemory<uint>,
            (4, false) => &XchgRegister<uint>,
            (_, true) => &XchgMemory<ulong>,
            (_, false) => &XchgRegister<ulong>,
        };
    }

    public static void LowerXadd(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = (l.Width, l.HasMemory) switch
        {
            (1, true) => &XaddMemory<byte>,
            (1, false) => &XaddRegister<byte>,
            (2, true) => &XaddMemory<ushort>,
            (2, false) => &XaddRegister<ushort>,
            (4, true) => &XaddMemory<uint>,
            (4, false) => &XaddRegister<uint>,
            (_, true) => &XaddMemory<ulong>,
            (_, false) => &XaddRegister<ulong>,
        };
    }

    public static void LowerCmpxchg(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = (l.Width, l.HasMemory) switch
        {
            (1, true) => &CmpxchgMemory<byte>,
            (1, false) => &CmpxchgRegister<byte>,
            (2, true) => &CmpxchgMemory<ushort>,
            (2, false) => &CmpxchgRegister<ushort>,
            (4, true) => &CmpxchgMemory<uint>,
            (4, false) => &CmpxchgRegister<uint>,
            (_, true) => &CmpxchgMemory<ulong>,
            (_, false) => &CmpxchgRegister<ulong>,
        };
    }

    public static void LowerCmpxchg8b(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = &Cmpxchg8bMemory;
    }

    public static void LowerCmpxchg16b(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = &Cmpxchg16bMemory;
    }

    private static MicroOp* XchgRegister<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        T first = cpu->Read<T>(op->Dst);
        cpu->Write(op->Dst, cpu->Read<T>(op->Src));
        cpu->Write(op->Src, first);
        return op + 1;
    }

    private static MicroOp* XaddRegister<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T source = cpu->Read<T>(op->Src);
        T sum = Xadd.Apply(cpu->Read<T>(op->Dst), ref source, ref cpu->Flags);
        cpu->Write(op->Src, source); // first, so that the sum stays when both are one register
        cpu->Write(op->Dst, sum);
        return op + 1;
    }

    private static MicroOp* CmpxchgRegister<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        T destination = cpu->Read<T>(op->Dst);
        if (Cmpxchg.Matches(WideAccumulator.Low<T>(cpu), destination, ref cpu->Flags))
        {
            cpu->Write(op->Dst, cpu->Read<T>(op->Src));
        }
        else
        {
            cpu->Write(CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax), destination);
        }

        return op + 1;
    }

    private static MicroOp* XchgMemory<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged => AtomicShape.Run<XchgStep<T>, T>(cpu, op, new XchgStep<T>(op->Src));

    private static MicroOp* XaddMemory<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => AtomicShape.Run<XaddStep<T>, T>(cpu, op, new XaddStep<T>(op->Src));

    private static MicroOp* CmpxchgMemory<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => AtomicShape.Run<CmpxchgStep<T>, T>(cpu, op, new CmpxchgStep<T>(op->Src));

    private static MicroOp* Cmpxchg8bMemory(CpuContext* cpu, MicroOp* op) => AtomicShape.Run<Cmpxchg8bStep, ulong>(cpu, op, default);

    private static MicroOp* Cmpxchg16bMemory(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        ulong offset = Operands.EffectiveAddress(cpu, op);
        if (!SegmentAccess.TryTranslate(cpu, op->Segment, offset, sizeof(UInt128), write: true, out ulong linear))
        {
            return null;
        }

        var step = default(Cmpxchg16bStep);
        bool aligned = linear % (ulong)sizeof(UInt128) == 0 || Faults.GeneralProtection(cpu);
        return aligned && AtomicShape.TryRun<Cmpxchg16bStep, UInt128>(cpu, linear, ref step) ? op + 1 : null;
    }
}
