using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>SHLD and SHRD: a destination, a source register, and a count in CL or an immediate.</summary>
internal static unsafe class DoubleShiftShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IDoubleShiftOp
    {
        l.FillOperands();
        l.Op->Src = RegisterOffsets.Of(l.Instruction.Op1Register); // CL, the third operand, is known
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
        where TOp : struct, IDoubleShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => l.Op->Handler = (l.HasMemory, l.HasImmediate) switch
        {
            (true, true) => &OnMemory<TOp, T, FromImmediate>,
            (true, false) => &OnMemory<TOp, T, FromCl>,
            (false, true) => &OnRegister<TOp, T, FromImmediate>,
            (false, false) => &OnRegister<TOp, T, FromCl>,
        };

    private static MicroOp* OnRegister<TOp, T, TCount>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IDoubleShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCount : struct, ISource
    {
        _ = TCount.TryRead(cpu, op, out byte count); // CL or an immediate: cannot fail
        ArithmeticFlags flags = cpu->Flags;
        cpu->Write(op->Dst, TOp.Apply(cpu->Read<T>(op->Dst), cpu->Read<T>(op->Src), count, ref flags));
        cpu->Flags = flags;
        return op + 1;
    }

    private static MicroOp* OnMemory<TOp, T, TCount>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IDoubleShiftOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TCount : struct, ISource
    {
        _ = TCount.TryRead(cpu, op, out byte count);
        if (!Segmented.TryAddress(cpu, op, sizeof(T), write: true, out ulong linear)
            || !LinearAccess.TryReadForWrite(cpu, op, linear, out T value, out _))
        {
            return null;
        }

        ArithmeticFlags flags = cpu->Flags;
        T result = TOp.Apply(value, cpu->Read<T>(op->Src), count, ref flags);
        if (!LinearAccess.TryWrite(cpu, op, linear, result))
        {
            return null;
        }

        cpu->Flags = flags;
        return op + 1;
    }
}
