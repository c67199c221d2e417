using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Regions;

/// <summary>Heads of blocks for the translator: one counts how often its block runs, one goes on in translated code.</summary>
internal static unsafe class RegionHandlers
{
    /// <summary>The address of <see cref="Enter"/>, taken once: two addresses of one function need not be equal.</summary>
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> EnterHandler = &Enter;

    /// <summary>As <see cref="BlockHandlers.Head"/>, and tells the translator when the block has become hot.</summary>
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

    /// <summary>Finds the block at RIP, where a branch out of a region has led.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>The block's head, or null: the run loop looks it up.</returns>
    public static nint Follow(nint cpu) => (nint)Instructions.Branching.FollowIndirect((CpuContext*)cpu);

    // A slice of one instruction must not be entered: it has to end behind it, and the block's own head sees to that.
    private static MicroOp* Enter(CpuContext* cpu, MicroOp* op)
    {
        RegionEntry* entry = op->Entry;
        ulong rip = cpu->State.Rip;
        long before = cpu->Remaining;
        if (before < op->Immediate
            || Volatile.Read(ref cpu->Pending) != 0
            || !cpu->IsExecutable(rip + (ulong)entry->First)
            || !cpu->IsExecutable(rip + (ulong)entry->Last)
            || (entry->OtherPages != 0 && !(entry->CheckedRip == rip && entry->CheckedKey == cpu->CodeKey) && !cpu->Engine.Translator!.StillMaps(entry)))
        {
            return BlockHandlers.Head(cpu, op);
        }

        var next = (MicroOp*)entry->Code((nint)cpu, entry->Index);
        cpu->TranslatedInstructions += (ulong)(before - cpu->Remaining) - (next is null ? 0UL : next->Left);
        return next;
    }
}
