using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;

namespace KvmSharp.Regions;

/// <summary>Heads of blocks for the translator: one counts how often its block runs, one goes on in translated code.</summary>
internal static unsafe class RegionHandlers
{
    /// <summary>The address of <see cref="Enter"/>, taken once: two addresses of one function need not be equal.</summary>
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> EnterHandler = &Enter;

    /// <summary>As <see cref="BlockHandlers.Head"/>, and tells the translator when the block has become hot.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MicroOp* Count(CpuContext* cpu, MicroOp* op)
    {
        if (--op->Countdown == 0)
        {
            cpu->Engine.Translator!.OnHot(op);
        }

        return BlockHandlers.Head(cpu, op);
    }

    /// <summary>Behind a handler that translated code has called: gives control back to it by naming the micro-op that follows.</summary>
    public static MicroOp* Return(CpuContext* cpu, MicroOp* op) => op->Next;

    /// <summary>Finds what is at RIP, where a branch out of a region has led.</summary>
    /// <param name="context">The processor.</param>
    /// <returns>The way into a region, a <see cref="RegionEntry"/>; or 0, and <c>FollowedTo</c> is the block's head, or null for the run loop to look it up.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static nint Follow(nint context)
    {
        var cpu = (CpuContext*)context;
        MicroOp* head = Instructions.Branching.FollowIndirect(cpu);
        if (head is not null && (nint)head->Handler == (nint)EnterHandler && MayEnter(cpu, head))
        {
            return (nint)head->Entry;
        }

        cpu->FollowedTo = head;
        return 0;
    }

    /// <summary>Behind a repeated string instruction that translated code has called and then left: RIP says where to go on.</summary>
    public static MicroOp* GoOn(CpuContext* cpu, MicroOp* op) => Branching.FollowIndirect(cpu);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static MicroOp* Enter(CpuContext* cpu, MicroOp* op)
    {
        if (!MayEnter(cpu, op))
        {
            return BlockHandlers.Head(cpu, op);
        }

        // One region may lead to the next without coming back here.
        long before = cpu->Remaining;
        var next = (MicroOp*)op->Entry->Code((nint)cpu, op->Entry->Index);
        cpu->TranslatedInstructions += (ulong)(before - cpu->Remaining) - (next is not null ? next->Left : Unfinished(cpu));
        return next;
    }

    // What the run loop will take back of the block in which a handler has stopped.
    private static ulong Unfinished(CpuContext* cpu) =>
        cpu->Stop is StopReason.Fault or StopReason.Exit or StopReason.Wait ? cpu->CurrentOp->Left : 0UL;

    // A slice smaller than the block must not be entered: its own head sees to that.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool MayEnter(CpuContext* cpu, MicroOp* op)
    {
        RegionEntry* entry = op->Entry;
        ulong rip = cpu->State.Rip;
        return cpu->Remaining >= op->Immediate
            && Volatile.Read(ref cpu->Pending) == 0
            && cpu->IsExecutable(rip + (ulong)entry->First)
            && cpu->IsExecutable(rip + (ulong)entry->Last)
            && (entry->OtherPages == 0 || (entry->CheckedRip == rip && entry->CheckedKey == cpu->CodeKey) || cpu->Engine.Translator!.StillMaps(entry));
    }
}
