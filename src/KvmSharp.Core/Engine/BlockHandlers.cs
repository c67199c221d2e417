using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Instructions;

namespace KvmSharp.Engine;

/// <summary>Micro-ops that are no instructions: head and end of a block, and what stands in for instructions that must not run.</summary>
internal static unsafe class BlockHandlers
{
    /// <summary>The addresses of <see cref="Stale"/>, <see cref="Break"/> and <see cref="Repair"/>, taken once: two addresses of one function need not be equal.</summary>
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> StaleHandler = &Stale;
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> BreakHandler = &Break;
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> RepairHandler = &Repair;

    /// <summary>The head: pays for the whole block, unless a request is pending, the budget is too small, or CS ends inside it.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The head: <c>Immediate</c> instructions, <c>Displacement</c> bytes less one.</param>
    /// <returns>The first instruction, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MicroOp* Head(CpuContext* cpu, MicroOp* op)
    {
        if (!MayEnter(cpu, op))
        {
            cpu->Stop = StopReason.Head;
            return null;
        }

        cpu->Remaining -= op->Immediate;
        return Chain.Next(cpu, op);
    }

    /// <summary>Tells whether a head will let its block run.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The head.</param>
    /// <returns>Whether no request is pending, the budget covers the block, and CS does not end inside it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool MayEnter(CpuContext* cpu, MicroOp* op) =>
        cpu->Remaining >= op->Immediate
        && Volatile.Read(ref cpu->Pending) == 0
        && cpu->IsExecutable(cpu->State.Rip + (ulong)op->Displacement);

    /// <summary>The end of a block that no branch ends: goes on with what follows.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The end; its offset is the block's length.</param>
    /// <returns>The next block's head, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MicroOp* End(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.Rip = (cpu->State.Rip + op->Offset) & cpu->LinearMask;
        return Branching.Follow(cpu, op, &op->Next);
    }

    /// <summary>Leaves a block in its middle.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The micro-op that does not run: an instruction, or the end of the block.</param>
    /// <returns>Always null: the run loop looks up what is at its address now.</returns>
    public static MicroOp* StopBefore(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.Rip = (cpu->State.Rip + op->Offset) & cpu->LinearMask;
        cpu->Remaining += op->Left;
        cpu->LinkPlace = null;
        cpu->Stop = StopReason.Resynchronize;
        return null;
    }

    /// <summary>In place of every micro-op of a block whose bytes have changed: the code at this address must be decoded again.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The micro-op.</param>
    /// <returns>Always null.</returns>
    private static MicroOp* Stale(CpuContext* cpu, MicroOp* op) => StopBefore(cpu, op);

    /// <summary>In place of the micro-op behind a device access that raised a request: the run loop looks before it.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The micro-op.</param>
    /// <returns>Always null.</returns>
    private static MicroOp* Break(CpuContext* cpu, MicroOp* op) => StopBefore(cpu, op);

    /// <summary>In place of the head of a block whose bytes have changed since it ran last: decodes what has changed.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The head.</param>
    /// <returns>The head as it should be, or null when the block is gone.</returns>
    private static MicroOp* Repair(CpuContext* cpu, MicroOp* op)
    {
        if (cpu->Engine.Code.TryRepair(op))
        {
            return op;
        }

        cpu->LinkPlace = null;
        cpu->Stop = StopReason.Lookup;
        return null;
    }
}
