using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>DIV and IDIV: the accumulator of twice the width by one operand.</summary>
internal static unsafe class DivideShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IDivideOp
    {
        l.FillOperands();
        switch (l.Width)
        {
            case 1:
                Lower<TOp, byte>(ref l);
                break;
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
        where TOp : struct, IDivideOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => l.Op->Handler = l.HasMemory
            ? &Divide<TOp, T, FromMemory<Segmented>>
            : &Divide<TOp, T, FromFirstRegister>;

    private static MicroOp* Divide<TOp, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IDivideOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T divisor))
        {
            return null;
        }

        if (!TOp.TryDivide(WideAccumulator.High<T>(cpu), WideAccumulator.Low<T>(cpu), divisor, out T quotient, out T remainder))
        {
            return Faults.RaiseAt(cpu, op, Cpu.Vector.DivideError);
        }

        WideAccumulator.Write(cpu, remainder, quotient);
        return op + 1;
    }
}
