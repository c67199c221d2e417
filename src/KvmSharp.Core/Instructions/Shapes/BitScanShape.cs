using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>BSF and BSR: a source of 0 leaves the destination alone.</summary>
internal static unsafe class BitScanShape
{
    /// <summary>Chooses the handler of an instruction.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IBitScanOp
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
        where TOp : struct, IBitScanOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T> => l.Op->Handler = l.HasMemory
            ? &Scan<TOp, T, FromMemory<Segmented>>
            : &Scan<TOp, T, FromRegister>;

    private static MicroOp* Scan<TOp, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBitScanOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T source))
        {
            return null;
        }

        if (TOp.TryScan(source, out T index, ref cpu->Flags))
        {
            cpu->Write(op->Dst, index);
        }

        return op + 1;
    }
}
