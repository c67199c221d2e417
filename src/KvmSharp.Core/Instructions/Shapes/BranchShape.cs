using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations;
using KvmSharp.Operations.Conditions;

namespace KvmSharp.Instructions.Shapes;

/// <summary>Near jumps: Jcc, JMP rel, JMP r/m. RIP is truncated to the operand size. Intel SDM Vol. 2A, "Jcc" and "JMP".</summary>
internal static unsafe class BranchShape
{
    /// <summary>Chooses the handler of a conditional jump.</summary>
    /// <typeparam name="TCondition">Its condition.</typeparam>
    /// <param name="l">The instruction.</param>
    public static void Lower<TCondition>(ref Lowering l)
        where TCondition : struct, ICondition
    {
        SetTarget(ref l);
        l.Links = 2;
        l.Op->Handler = &Conditional<TCondition>;
    }

    /// <summary>JMP rel8/16/32 and JMP r/m16/32/64.</summary>
    /// <param name="l">The instruction.</param>
    public static void LowerJump(ref Lowering l)
    {
        if (l.Instruction.IsJmpShortOrNear)
        {
            SetTarget(ref l);
            l.Links = 1;
            l.Op->Handler = &Jump;
        }
        else if (l.Instruction.IsJmpNearIndirect)
        {
            l.FillOperands();
            l.EndsBlock = true;
            l.Op->Handler = (l.Width, l.HasMemory) switch
            {
                (sizeof(ushort), true) => &JumpIndirect<ushort, FromMemory<Segmented>>,
                (sizeof(ushort), false) => &JumpIndirect<ushort, FromFirstRegister>,
                (sizeof(uint), true) => &JumpIndirect<uint, FromMemory<Segmented>>,
                (sizeof(uint), false) => &JumpIndirect<uint, FromFirstRegister>,
                (_, true) => &JumpIndirect<ulong, FromMemory<Segmented>>,
                (_, false) => &JumpIndirect<ulong, FromFirstRegister>,
            };
        }
    }

    /// <summary>Notes displacement, width and linkability of a relative branch, which ends its block.</summary>
    /// <param name="l">The instruction.</param>
    public static void SetTarget(ref Lowering l)
    {
        bool narrow = l.Instruction.Op0Kind == Iced.Intel.OpKind.NearBranch16;
        l.Op->Immediate = l.Displacement;
        l.SetSize(narrow ? sizeof(ushort) : sizeof(uint));
        l.EndsBlock = true;
        if (l.StaysInPage(l.Op->Immediate))
        {
            l.Op->Traits |= MicroOpTraits.Linkable;
        }
    }

    /// <summary>Takes a relative branch.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch.</param>
    /// <param name="link">Where its link is kept.</param>
    /// <returns>The target's head, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MicroOp* Take(CpuContext* cpu, MicroOp* op, MicroOp** link) =>
        TryTarget(cpu, op, out ulong target) ? Enter(cpu, op, link, target) : TakeSlowly(cpu, op, link);

    /// <summary>Gives the target of a relative branch that does not wrap and may be entered.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch.</param>
    /// <param name="target">The offset in CS.</param>
    /// <returns>Whether the link of the branch leads there and nothing is to be raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryTarget(CpuContext* cpu, MicroOp* op, out ulong target)
    {
        target = cpu->State.Rip + op->EndOffset + (ulong)op->Immediate;
        ulong mask = (op->Traits & MicroOpTraits.SizeMask) == (MicroOpTraits)1 ? ushort.MaxValue : cpu->LinearMask;
        return (target & ~mask) == 0 && cpu->IsExecutable(target);
    }

    /// <summary>Goes to the target that <see cref="TryTarget"/> gave.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch.</param>
    /// <param name="link">Where its link is kept.</param>
    /// <param name="target">The offset in CS.</param>
    /// <returns>The target's head, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MicroOp* Enter(CpuContext* cpu, MicroOp* op, MicroOp** link, ulong target)
    {
        cpu->State.Rip = target;
        return Branching.Follow(cpu, op, link);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* TakeSlowly(CpuContext* cpu, MicroOp* op, MicroOp** link)
    {
        ulong target = Target(cpu, op);
        if (!Branching.IsReachable(cpu, op, target))
        {
            return null;
        }

        // A target that wrapped around its operand size is not where the link leads.
        bool wrapped = target != cpu->State.Rip + op->EndOffset + (ulong)op->Immediate;
        cpu->State.Rip = target;
        return wrapped ? Branching.FollowIndirect(cpu) : Branching.Follow(cpu, op, link);
    }

    /// <summary>Gives the target of a relative branch.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch.</param>
    /// <returns>The offset in CS.</returns>
    public static ulong Target(CpuContext* cpu, MicroOp* op)
    {
        ulong target = cpu->State.Rip + op->EndOffset + (ulong)op->Immediate;
        return (op->Traits & MicroOpTraits.SizeMask) == (MicroOpTraits)1 ? (ushort)target : target & cpu->LinearMask;
    }

    /// <summary>Goes on behind a branch that was not taken.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch.</param>
    /// <returns>The next block's head, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MicroOp* FallThrough(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.Rip = GeneralShape.NextRip(cpu, op);
        return op->Next is not null ? op->Next : Branching.FollowNext(cpu, op);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Conditional<TCondition>(CpuContext* cpu, MicroOp* op)
        where TCondition : struct, ICondition =>
        TCondition.Test(cpu->Flags) ? Take(cpu, op, &op->Taken) : FallThrough(cpu, op);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Jump(CpuContext* cpu, MicroOp* op) => Take(cpu, op, &op->Next);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* JumpIndirect<T, TSource>(CpuContext* cpu, MicroOp* op)
        where T : unmanaged
        where TSource : struct, ISource
    {
        if (!TSource.TryRead(cpu, op, out T value))
        {
            return null;
        }

        ulong target = Operand.ZeroExtend(value);
        if (!Branching.IsReachable(cpu, op, target))
        {
            return null;
        }

        cpu->State.Rip = target;
        return Branching.FollowIndirect(cpu);
    }
}
