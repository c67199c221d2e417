using System.Numerics;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;

namespace KvmSharp.Instructions.Shapes;

/// <summary>The shape "register = op source": POPCNT, TZCNT, LZCNT, BLSI, BLSMSK, BLSR; and "register = op(first, second)": ANDN, BEXTR.</summary>
internal static unsafe class ComputeShape
{
    /// <summary>Chooses the handler of an instruction with one source.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TOp>(ref Lowering l)
        where TOp : struct, IUnaryOp
    {
        l.FillOperands();
        l.Op->Handler = (l.Width, l.HasMemory) switch
        {
            (2, false) => &Run<TOp, ushort, FromRegister>,
            (2, true) => &Run<TOp, ushort, FromMemory<Segmented>>,
            (4, false) => &Run<TOp, uint, FromRegister>,
            (4, true) => &Run<TOp, uint, FromMemory<Segmented>>,
            (_, false) => &Run<TOp, ulong, FromRegister>,
            (_, true) => &Run<TOp, ulong, FromMemory<Segmented>>,
        };
    }

    /// <summary>Chooses the handler of ANDN: the first source is a register, the second a register or memory.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerSecond<TOp>(ref Lowering l)
        where TOp : struct, IBinaryOp => LowerTwo<TOp, InOrder>(ref l, register: 1, other: 2);

    /// <summary>Chooses the handler of BEXTR: the first source is a register or memory, the second a register.</summary>
    /// <typeparam name="TOp">The operation.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerFirst<TOp>(ref Lowering l)
        where TOp : struct, IBinaryOp => LowerTwo<TOp, Swapped>(ref l, register: 2, other: 1);

    // Src is the operand that is always a register, Base, free without memory, the other one.
    private static void LowerTwo<TOp, TOrder>(ref Lowering l, int register, int other)
        where TOp : struct, IBinaryOp
        where TOrder : struct, IOperandOrder
    {
        l.FillOperands();
        l.Op->Src = RegisterOffsets.Of(l.Instruction.GetOpRegister(register));
        if (!l.HasMemory)
        {
            l.Op->Base = RegisterOffsets.Of(l.Instruction.GetOpRegister(other));
        }

        l.Op->Handler = (l.Width, l.HasMemory) switch
        {
            (4, false) => &RunTwo<TOp, TOrder, uint, FromBase>,
            (4, true) => &RunTwo<TOp, TOrder, uint, FromMemory<Segmented>>,
            (_, false) => &RunTwo<TOp, TOrder, ulong, FromBase>,
            (_, true) => &RunTwo<TOp, TOrder, ulong, FromMemory<Segmented>>,
        };
    }

    private static MicroOp* Run<TOp, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IUnaryOp
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T value))
        {
            return null;
        }

        ArithmeticFlags flags = cpu->Flags;
        cpu->Write(op->Dst, TOp.Apply(value, ref flags));
        cpu->Flags = flags;
        return op + 1;
    }

    private static MicroOp* RunTwo<TOp, TOrder, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TOp : struct, IBinaryOp
        where TOrder : struct, IOperandOrder
        where T : unmanaged, IBinaryInteger<T>, IUnsignedNumber<T>
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T other))
        {
            return null;
        }

        T register = cpu->Read<T>(op->Src);
        ArithmeticFlags flags = cpu->Flags;
        cpu->Write(op->Dst, TOrder.RegisterIsFirst ? TOp.Apply(register, other, ref flags) : TOp.Apply(other, register, ref flags));
        cpu->Flags = flags;
        return op + 1;
    }

    private interface IOperandOrder
    {
        static abstract bool RegisterIsFirst { get; }
    }

    private readonly struct InOrder : IOperandOrder
    {
        public static bool RegisterIsFirst => true;
    }

    private readonly struct Swapped : IOperandOrder
    {
        public static bool RegisterIsFirst => false;
    }

    private readonly struct FromBase : ISource
    {
        public static bool TryRead<T>(CpuContext* cpu, MicroOp* op, out T value)
            where T : unmanaged
        {
            value = cpu->Read<T>(op->Base);
            return true;
        }

        public static bool TryReadHit<T>(CpuContext* cpu, MicroOp* op, out T value)
            where T : unmanaged => TryRead(cpu, op, out value);
    }
}
