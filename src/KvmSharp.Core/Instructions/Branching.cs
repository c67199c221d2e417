using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;

namespace KvmSharp.Instructions;

/// <summary>How control gets from one block to the next. RIP is the target's already when these are called.</summary>
internal static unsafe class Branching
{
    /// <summary>Follows a direct branch: by its link, else by the jump cache, else through the run loop, which makes the link.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch.</param>
    /// <param name="link">Where its link is kept.</param>
    /// <returns>The target's head, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MicroOp* Follow(CpuContext* cpu, MicroOp* op, MicroOp** link) =>
        *link is not null ? *link : FollowUnlinked(cpu, link, (op->Traits & MicroOpTraits.Linkable) != 0);

    /// <summary>Goes on behind a block whose link is not made yet.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch or end; <c>Next</c> holds the link when what follows lies in the same page.</param>
    /// <returns>The next block's head, or null.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static MicroOp* FollowNext(CpuContext* cpu, MicroOp* op) => FollowUnlinked(cpu, &op->Next, StaysInPage(cpu, op));

    /// <summary>Follows a branch whose target is known only now.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>The target's head, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MicroOp* FollowIndirect(CpuContext* cpu)
    {
        ulong linear = cpu->LinearOfCode(cpu->State.Rip);
        JumpCacheEntry* entry = JumpCache.EntryOf(cpu->JumpCache, linear);
        if (entry->Linear == linear && entry->Key == cpu->CodeKey && entry->Head is not null)
        {
            return entry->Head;
        }

        cpu->LinkPlace = null;
        cpu->Stop = StopReason.Lookup;
        return null;
    }

    /// <summary>Checks a near branch's target against the limit of CS, or for being canonical.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The branch, to which the fault belongs.</param>
    /// <param name="target">The offset in CS.</param>
    /// <returns><see langword="false"/> when #GP(0) was raised.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReachable(CpuContext* cpu, MicroOp* op, ulong target) => cpu->IsExecutable(target) || Refuse(cpu, op);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static MicroOp* FollowUnlinked(CpuContext* cpu, MicroOp** link, bool linkable)
    {
        if (!linkable)
        {
            return FollowIndirect(cpu);
        }

        // Let the run loop find the block and make the link, once.
        cpu->LinkPlace = link;
        cpu->Stop = StopReason.Lookup;
        return null;
    }

    // The code segment's base may be anything, so it is the linear address that tells whether a page boundary was crossed.
    private static bool StaysInPage(CpuContext* cpu, MicroOp* op)
    {
        ulong linear = cpu->LinearOfCode(cpu->State.Rip);
        return (linear & Memory.GuestPage.OffsetMask) >= op->EndOffset;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Refuse(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return Faults.GeneralProtection(cpu);
    }
}
