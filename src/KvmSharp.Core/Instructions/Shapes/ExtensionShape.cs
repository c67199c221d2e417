using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>Moves to a wider operand: MOVZX, MOVSX and MOVSXD, and CBW, CWDE, CDQE, CWD, CDQ and CQO on the accumulator.</summary>
internal static unsafe class ExtensionShape
{
    private static readonly ushort Accumulator = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rax);

    private static readonly ushort SignHolder = CpuContext.OffsetOfGeneral(GeneralRegisterFile.Rdx);

    /// <summary>Chooses the handler of MOVZX or MOVSX.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IExtensionOp
    {
        l.FillOperands();
        switch (l.OperandWidth(0), l.OperandWidth(1))
        {
            case (2, 1):
                Lower<TOp, byte, ushort>(ref l);
                break;
            case (4, 1):
                Lower<TOp, byte, uint>(ref l);
                break;
            case (2, 2):
                Lower<TOp, ushort, ushort>(ref l);
                break;
            case (4, 2):
                Lower<TOp, ushort, uint>(ref l);
                break;
            case (4, 4):
                Lower<TOp, uint, uint>(ref l); // MOVSXD without REX.W moves, no more
                break;
            case (8, 1):
                Lower<TOp, byte, ulong>(ref l);
                break;
            case (8, 2):
                Lower<TOp, ushort, ulong>(ref l);
                break;
            case (8, 4):
                Lower<TOp, uint, ulong>(ref l);
                break;
        }
    }

    public static void LowerCbw(ref Lowering l) => LowerAccumulator<byte, ushort>(ref l);

    public static void LowerCwde(ref Lowering l) => LowerAccumulator<ushort, uint>(ref l);

    public static void LowerCdqe(ref Lowering l) => LowerAccumulator<uint, ulong>(ref l);

    public static void LowerCwd(ref Lowering l) => LowerSign<ushort>(ref l);

    public static void LowerCdq(ref Lowering l) => LowerSign<uint>(ref l);

    public static void LowerCqo(ref Lowering l) => LowerSign<ulong>(ref l);

    private static void Lower<TOp, TFrom, TTo>(ref Lowering l)
        where TOp : struct, IExtensionOp
        where TFrom : unmanaged
        where TTo : unmanaged => l.Op->Handler = (l.HasMemory, l.AddressForm) switch
        {
            (false, _) => &Extend<TOp, TFrom, TTo, FromRegister>,
            (true, AddressFormKind.Flat) => &Extend<TOp, TFrom, TTo, FromMemory<Flat>>,
            (true, AddressFormKind.Long) => &Extend<TOp, TFrom, TTo, FromMemory<Long>>,
            (true, _) => &Extend<TOp, TFrom, TTo, FromMemory<Segmented>>,
        };

    private static void LowerAccumulator<TFrom, TTo>(ref Lowering l)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        l.Op->Dst = l.Op->Src = Accumulator;
        l.Op->Handler = &Extend<Movsx, TFrom, TTo, FromRegister>;
    }

    private static void LowerSign<T>(ref Lowering l)
        where T : unmanaged
    {
        l.Op->Dst = SignHolder;
        l.Op->Src = Accumulator;
        l.Op->Handler = &SpreadSign<T>;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Extend<TOp, TFrom, TTo, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IExtensionOp
        where TFrom : unmanaged
        where TTo : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryReadHit(cpu, op, out TFrom value))
        {
            return ExtendSlowly<TOp, TFrom, TTo, TSource>(cpu, op);
        }

        cpu->Write(op->Dst, TOp.Apply<TFrom, TTo>(value));
        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* ExtendSlowly<TOp, TFrom, TTo, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IExtensionOp
        where TFrom : unmanaged
        where TTo : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out TFrom value))
        {
            return null;
        }

        cpu->Write(op->Dst, TOp.Apply<TFrom, TTo>(value));
        return op + 1;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* SpreadSign<T>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
    {
        cpu->Write(op->Dst, Cwd.Apply(cpu->Read<T>(op->Src)));
        return Chain.Next(cpu, op);
    }
}
