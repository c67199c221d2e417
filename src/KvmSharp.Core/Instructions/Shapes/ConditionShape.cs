using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Instructions.Shapes;

/// <summary>SETcc and CMOVcc. Intel SDM Vol. 2B, "SETcc: Set Byte on Condition"; Vol. 2A, "CMOVcc: Conditional Move".</summary>
internal static unsafe class ConditionShape
{
    /// <summary>Chooses the handler of SETcc.</summary>
    /// <typeparam name="TCondition">Its condition.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerSet<TCondition>(ref Lowering l)
        where TCondition : struct, ICondition
    {
        l.FillOperands();
        l.Op->Handler = l.HasMemory ? &SetMemory<TCondition> : &SetRegister<TCondition>;
    }

    /// <summary>Chooses the handler of CMOVcc.</summary>
    /// <typeparam name="TCondition">Its condition.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void LowerMove<TCondition>(ref Lowering l)
        where TCondition : struct, ICondition
    {
        l.FillOperands();
        switch (l.Width)
        {
            case 2:
                LowerMove<TCondition, ushort>(ref l);
                break;
            case 4:
                LowerMove<TCondition, uint>(ref l);
                break;
            default:
                LowerMove<TCondition, ulong>(ref l);
                break;
        }
    }

    private static void LowerMove<TCondition, T>(ref Lowering l)
        where TCondition : struct, ICondition
        where T : unmanaged => l.Op->Handler = l.HasMemory
            ? &Move<TCondition, T, FromMemory<Segmented>>
            : &Move<TCondition, T, FromRegister>;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* SetRegister<TCondition>(CpuContext* cpu, MicroOp* op)
        where TCondition : struct, ICondition
    {
        cpu->Write(op->Dst, TCondition.Test(cpu->Flags) ? (byte)1 : (byte)0);
        return Chain.Next(cpu, op);
    }

    private static MicroOp* SetMemory<TCondition>(CpuContext* cpu, MicroOp* op)
        where TCondition : struct, ICondition
    {
        byte value = TCondition.Test(cpu->Flags) ? (byte)1 : (byte)0;
        return Segmented.TryAddress(cpu, op, sizeof(byte), write: true, out ulong linear) && LinearAccess.TryWrite(cpu, op, linear, value)
            ? op + 1
            : null;
    }

    // The source is read whether the condition holds or not, so that a fault does not depend on it. A 32-bit destination is written
    // in either case: in 64-bit mode its upper half is cleared even if nothing is moved.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Move<TCondition, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TCondition : struct, ICondition
        where T : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryReadHit(cpu, op, out T value))
        {
            return MoveSlowly<TCondition, T, TSource>(cpu, op);
        }

        cpu->Write(op->Dst, TCondition.Test(cpu->Flags) ? value : cpu->Read<T>(op->Dst));
        return Chain.Next(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* MoveSlowly<TCondition, T, TSource>(CpuContext* cpu, MicroOp* op)
        where TCondition : struct, ICondition
        where T : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T value))
        {
            return null;
        }

        cpu->Write(op->Dst, TCondition.Test(cpu->Flags) ? value : cpu->Read<T>(op->Dst));
        return op + 1;
    }
}
