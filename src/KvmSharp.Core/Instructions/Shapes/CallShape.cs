using System.Runtime.CompilerServices;
using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Memory;

namespace KvmSharp.Instructions.Shapes;

/// <summary>Near CALL and RET. Intel SDM Vol. 2A, "CALL: Call Procedure"; Vol. 2B, "RET: Return From Procedure".</summary>
/// <remarks>In 64-bit mode a near branch is 64 bits wide, whatever its prefixes say. Else the width is that of the return address on the stack and of RIP; the width of the stack pointer is the stack's own.</remarks>
internal static unsafe class CallShape
{
    public static void LowerCall(ref Lowering l)
    {
        if (l.Instruction.IsCallNear)
        {
            BranchShape.SetTarget(ref l);
            l.Links = 1;
            l.Op->Handler = (l.Instruction.Op0Kind == OpKind.NearBranch16, StackItems.FormOf(l)) switch
            {
                (_, StackFormKind.Long) => &Call<ulong, LongStack>,
                (true, StackFormKind.Flat) => &Call<ushort, FlatStack>,
                (true, _) => &Call<ushort, AnyStack>,
                (false, StackFormKind.Flat) => &Call<uint, FlatStack>,
                (false, _) => &Call<uint, AnyStack>,
            };
        }
        else if (l.Instruction.IsCallNearIndirect)
        {
            l.FillOperands();
            l.EndsBlock = true;
            l.Op->Handler = (l.Width == sizeof(ushort), l.HasMemory, StackItems.FormOf(l)) switch
            {
                (_, true, StackFormKind.Long) => &CallIndirect<ulong, FromMemory<Segmented>, LongStack>,
                (_, false, StackFormKind.Long) => &CallIndirect<ulong, FromFirstRegister, LongStack>,
                (true, true, _) => &CallIndirect<ushort, FromMemory<Segmented>, AnyStack>,
                (true, false, _) => &CallIndirect<ushort, FromFirstRegister, AnyStack>,
                (false, true, StackFormKind.Flat) => &CallIndirect<uint, FromMemory<Segmented>, FlatStack>,
                (false, false, StackFormKind.Flat) => &CallIndirect<uint, FromFirstRegister, FlatStack>,
                (false, true, _) => &CallIndirect<uint, FromMemory<Segmented>, AnyStack>,
                (false, false, _) => &CallIndirect<uint, FromFirstRegister, AnyStack>,
            };
        }
    }

    public static void LowerReturn(ref Lowering l)
    {
        l.FillOperands(); // RET imm16: the bytes of arguments to release; else 0
        l.EndsBlock = true;
        bool narrow = l.Instruction.Code is Code.Retnw or Code.Retnw_imm16;
        l.Op->Handler = (narrow, StackItems.FormOf(l)) switch
        {
            (_, StackFormKind.Long) => &Return<ulong, LongStack>,
            (true, StackFormKind.Flat) => &Return<ushort, FlatStack>,
            (true, _) => &Return<ushort, AnyStack>,
            (false, StackFormKind.Flat) => &Return<uint, FlatStack>,
            (false, _) => &Return<uint, AnyStack>,
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Call<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong next = GeneralShape.NextRip(cpu, op);
        return BranchShape.TryTarget(cpu, op, out ulong target) && StackItems.TryPushHit<TStack, T>(cpu, *(T*)&next)
            ? BranchShape.Enter(cpu, op, &op->Next, target)
            : CallSlowly<T, TStack>(cpu, op);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* CallSlowly<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong next = GeneralShape.NextRip(cpu, op);
        return IsReachable<T, TStack>(cpu, op, BranchShape.Target(cpu, op)) && StackItems.TryPush<TStack, T>(cpu, op, *(T*)&next)
            ? BranchShape.Take(cpu, op, &op->Next)
            : null;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* CallIndirect<T, TSource, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
        where TStack : struct, IStackForm
    {
        if (!TSource.TryRead(cpu, op, out T value))
        {
            return null;
        }

        ulong target = Operations.Operand.ZeroExtend(value);
        ulong next = GeneralShape.NextRip(cpu, op);
        if (!IsReachable<T, TStack>(cpu, op, target) || !StackItems.TryPush<TStack, T>(cpu, op, *(T*)&next))
        {
            return null;
        }

        cpu->State.Rip = target;
        return Branching.FollowIndirect(cpu);
    }

    private static bool IsReachable<T, TStack>(CpuContext* cpu, MicroOp* op, ulong target)
        where T : unmanaged
        where TStack : struct, IStackForm => cpu->IsExecutable(target) || Refuse<T, TStack>(cpu, op, target);

    // As silicon does: what is wrong with the push is found before what is wrong with the target.
    private static bool Refuse<T, TStack>(CpuContext* cpu, MicroOp* op, ulong target)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        cpu->CurrentOp = op;
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp] - (uint)sizeof(T);
        return TStack.TryAddress(cpu, op, pointer, sizeof(T), write: true, out ulong linear)
            && LinearAccess.TryProbeWrite(cpu, linear, sizeof(T), DataAccess.Write)
            && Branching.IsReachable(cpu, op, target);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Return<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if (!StackItems.TryReadHit<TStack, T>(cpu, pointer, out T value))
        {
            return ReturnSlowly<T, TStack>(cpu, op);
        }

        ulong target = Operations.Operand.ZeroExtend(value);
        if (!cpu->IsExecutable(target))
        {
            return ReturnSlowly<T, TStack>(cpu, op);
        }

        TStack.SetPointer(cpu, pointer + (uint)sizeof(T) + (ushort)op->Immediate);
        cpu->State.Rip = target;
        return Branching.FollowIndirect(cpu);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* ReturnSlowly<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong pointer = cpu->State.General[GeneralRegisterFile.Rsp];
        if (!StackItems.TryRead<TStack, T>(cpu, op, pointer, out T value))
        {
            return null;
        }

        ulong target = Operations.Operand.ZeroExtend(value);
        if (!Branching.IsReachable(cpu, op, target))
        {
            return null;
        }

        TStack.SetPointer(cpu, pointer + (uint)sizeof(T) + (ushort)op->Immediate);
        cpu->State.Rip = target;
        return Branching.FollowIndirect(cpu);
    }
}
