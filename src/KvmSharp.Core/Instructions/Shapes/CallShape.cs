using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Instructions.Shapes;

/// <summary>Near CALL and RET. Intel SDM Vol. 2A, "CALL: Call Procedure"; Vol. 2B, "RET: Return From Procedure".</summary>
/// <remarks>The width is that of the return address on the stack and of RIP; the width of the stack pointer is the stack's own.</remarks>
internal static unsafe class CallShape
{
    public static void LowerCall(ref Lowering l)
    {
        if (l.Instruction.IsCallNear)
        {
            BranchShape.SetTarget(ref l);
            l.Links = 1;
            l.Op->Handler = (l.Instruction.Op0Kind == OpKind.NearBranch16, StackItems.AreFlat(l)) switch
            {
                (true, true) => &Call<ushort, FlatStack>,
                (true, false) => &Call<ushort, AnyStack>,
                (false, true) => &Call<uint, FlatStack>,
                (false, false) => &Call<uint, AnyStack>,
            };
        }
        else if (l.Instruction.IsCallNearIndirect)
        {
            l.FillOperands();
            l.EndsBlock = true;
            l.Op->Handler = (l.Width == sizeof(ushort), l.HasMemory, StackItems.AreFlat(l)) switch
            {
                (true, true, _) => &CallIndirect<ushort, FromMemory<Segmented>, AnyStack>,
                (true, false, _) => &CallIndirect<ushort, FromFirstRegister, AnyStack>,
                (false, true, true) => &CallIndirect<uint, FromMemory<Segmented>, FlatStack>,
                (false, false, true) => &CallIndirect<uint, FromFirstRegister, FlatStack>,
                (false, true, false) => &CallIndirect<uint, FromMemory<Segmented>, AnyStack>,
                (false, false, false) => &CallIndirect<uint, FromFirstRegister, AnyStack>,
            };
        }
    }

    public static void LowerReturn(ref Lowering l)
    {
        l.FillOperands(); // RET imm16: the bytes of arguments to release; else 0
        l.EndsBlock = true;
        bool narrow = l.Instruction.Code is Code.Retnw or Code.Retnw_imm16;
        l.Op->Handler = (narrow, StackItems.AreFlat(l)) switch
        {
            (true, true) => &Return<ushort, FlatStack>,
            (true, false) => &Return<ushort, AnyStack>,
            (false, true) => &Return<uint, FlatStack>,
            (false, false) => &Return<uint, AnyStack>,
        };
    }

    private static MicroOp* Call<T, TStack>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TStack : struct, IStackForm
    {
        ulong next = GeneralShape.NextRip(cpu, op);
        return Branching.IsReachable(cpu, op, BranchShape.Target(cpu, op)) && StackItems.TryPush<TStack, T>(cpu, op, *(T*)&next)
            ? BranchShape.Take(cpu, op, &op->Next)
            : null;
    }

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
        if (!Branching.IsReachable(cpu, op, target) || !StackItems.TryPush<TStack, T>(cpu, op, *(T*)&next))
        {
            return null;
        }

        cpu->State.Rip = target;
        return Branching.FollowIndirect(cpu);
    }

    private static MicroOp* Return<T, TStack>(CpuContext* cpu, MicroOp* op)
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
