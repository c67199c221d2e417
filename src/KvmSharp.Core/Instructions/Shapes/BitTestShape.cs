using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>BT, BTS, BTR and BTC.</summary>
/// <remarks>
/// An index in a register is signed and addresses a bit string in memory: the unit that holds the bit may lie far from the operand,
/// before it too. An immediate index, and any index into a register, is taken modulo the width.
/// Intel SDM Vol. 2A, "BT: Bit Test", and Vol. 1, "Bit String".
/// </remarks>
internal static unsafe class BitTestShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IBitOp
    {
        l.FillOperands();
        switch (l.Width)
        {
            case 2:
                Lower<TOp, ushort>(ref l);
                break;
            case 4:
                Lower<TOp, uint>(ref l);
                break;
            default:
                Lower<TOp, ulong>(ref l);
                break;
        }
    }

    private static void Lower<TOp, T>(ref Lowering l)
        where TOp : struct, IBitOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
    {
        bool immediate = l.HasImmediate;
        if (!l.HasMemory)
        {
            l.Op->Handler = immediate ? &OnRegister<TOp, T, FromImmediate> : &OnRegister<TOp, T, FromRegister>;
        }
        else if (l.Instruction.HasLockPrefix)
        {
            l.Op->Handler = immediate ? &Atomic<TOp, T, FromImmediate> : &Atomic<TOp, T, FromRegister>;
        }
        else
        {
            l.Op->Handler = immediate ? &OnMemory<TOp, T, FromImmediate> : &OnMemory<TOp, T, FromRegister>;
        }
    }

    private static MicroOp* OnRegister<TOp, T, TIndex>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBitOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, ISource
    {
        T result = TOp.Apply(cpu->Read<T>(op->Dst), (int)Index<T, TIndex>(cpu, op), ref cpu->Flags);
        if (TOp.Stores)
        {
            cpu->Write(op->Dst, result);
        }

        return op + 1;
    }

    private static MicroOp* OnMemory<TOp, T, TIndex>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBitOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, ISource
    {
        long index = Index<T, TIndex>(cpu, op);
        if (!TryAddress<T>(cpu, op, index, TOp.Stores, out ulong linear))
        {
            return null;
        }

        T value;
        if (TOp.Stores ? !LinearAccess.TryReadForWrite(cpu, op, linear, out value, out _) : !LinearAccess.TryRead(cpu, op, linear, out value))
        {
            return null;
        }

        ArithmeticFlags flags = cpu->Flags;
        T result = TOp.Apply(value, (int)index, ref flags);
        if (TOp.Stores && !LinearAccess.TryWrite(cpu, op, linear, result))
        {
            return null;
        }

        cpu->Flags = flags;
        return op + 1;
    }

    private static MicroOp* Atomic<TOp, T, TIndex>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBitOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TIndex : struct, ISource
    {
        cpu->CurrentOp = op;
        long index = Index<T, TIndex>(cpu, op);
        var step = new BitStep<TOp, T>((int)index);
        return TryAddress<T>(cpu, op, index, write: true, out ulong linear) && AtomicShape.TryRun<BitStep<TOp, T>, T>(cpu, linear, ref step)
            ? op + 1
            : null;
    }

    private static long Index<T, TIndex>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TIndex : struct, ISource
    {
        _ = TIndex.TryRead(cpu, op, out T index); // a register or an immediate: cannot fail
        long signed = (long)Operand.SignExtend(index);
        return typeof(TIndex) == typeof(FromImmediate) ? signed & (Operand.Bits<T>() - 1) : signed;
    }

    private static bool TryAddress<T>(CpuContext* cpu, MicroOp* op, long index, bool write, out ulong linear)
        where T : unmanaged
    {
        long units = index >> BitOperations.Log2((uint)Operand.Bits<T>()); // towards minus infinity
        ulong offset = Operands.Truncate(op, Operands.EffectiveAddress(cpu, op) + (ulong)(units * sizeof(T)));
        if (SegmentAccess.TryTranslate(cpu, op->Segment, offset, sizeof(T), write, out linear))
        {
            return true;
        }

        cpu->CurrentOp = op;
        return false;
    }
}

/// <summary>BTS, BTR or BTC with LOCK.</summary>
internal readonly unsafe struct BitStep<TOp, T>(int index) : IAtomicStep<T>
    where TOp : struct, IBitOp
    where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
{
    public T Apply(CpuContext* cpu, T old, ref ArithmeticFlags flags) => TOp.Apply(old, index, ref flags);

    public void Commit(CpuContext* cpu, T old)
    {
    }
}
