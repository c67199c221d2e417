using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>MUL and IMUL: one operand times the accumulator, a register times an operand, or an operand times an immediate.</summary>
internal static unsafe class MultiplyShape
{
    /// <summary>Chooses the handler of the form with one operand.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IMultiplyOp
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

    /// <summary>IMUL with one, two or three operands.</summary>
    /// <param name="l">The instruction.</param>
    public static void LowerImul(ref Lowering l)
    {
        switch (l.Instruction.OpCount)
        {
            case 1:
                Lower<Imul>(ref l);
                break;
            case 2:
                BinaryShape.Lower<ImulLow>(ref l);
                break;
            default:
                LowerThreeOperands(ref l);
                break;
        }
    }

    private static void LowerThreeOperands(ref Lowering l)
    {
        l.FillOperands();
        l.Op->Handler = (l.Width, l.HasMemory) switch
        {
            (2, true) => &ByImmediate<ushort, FromMemory<Segmented>>,
            (2, false) => &ByImmediate<ushort, FromRegister>,
            (4, true) => &ByImmediate<uint, FromMemory<Segmented>>,
            (4, false) => &ByImmediate<uint, FromRegister>,
            (_, true) => &ByImmediate<ulong, FromMemory<Segmented>>,
            (_, false) => &ByImmediate<ulong, FromRegister>,
        };
    }

    private static void Lower<TOp, T>(ref Lowering l)
        where TOp : struct, IMultiplyOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => l.Op->Handler = l.HasMemory
            ? &ByAccumulator<TOp, T, FromMemory<Segmented>>
            : &ByAccumulator<TOp, T, FromFirstRegister>;

    private static MicroOp* ByAccumulator<TOp, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IMultiplyOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T b))
        {
            return null;
        }

        T low = TOp.Apply(WideAccumulator.Low<T>(cpu), b, out T high, ref cpu->Flags);
        WideAccumulator.Write(cpu, high, low);
        return op + 1;
    }

    private static MicroOp* ByImmediate<T, TSource>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T a))
        {
            return null;
        }

        _ = FromImmediate.TryRead(cpu, op, out T b);
        cpu->Write(op->Dst, ImulLow.Apply(a, b, ref cpu->Flags));
        return op + 1;
    }
}
