using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Instructions;

/// <summary>The shape of everything out of the hot path: one micro-op that calls the instruction's body.</summary>
/// <remarks>
/// A body returns <see langword="true"/> when the instruction is complete. It returns <see langword="false"/> when it raised a fault or
/// needs an exit (the context says which), and then it has committed nothing: it runs again from its start later.
/// </remarks>
internal static unsafe class GeneralShape
{
    /// <summary>The body changes registers or memory only; the block goes on.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>The next micro-op or null.</returns>
    public static MicroOp* Continue(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return op->Body(cpu, op) ? op + 1 : null;
    }

    /// <summary>The body loads a segment register, after which the code mode may be another; mostly it is not and the block goes on.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>The next micro-op or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MicroOp* ContinueInMode(CpuContext* cpu, MicroOp* op)
    {
        uint mode = cpu->Mode;
        cpu->CurrentOp = op;
        if (!op->Body(cpu, op))
        {
            return null;
        }

        return cpu->Mode == mode ? op + 1 : BlockHandlers.StopBefore(cpu, op + 1);
    }

    /// <summary>The body may change modes, privileges, mappings or interrupt states: the block ends behind it.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, the last of its block.</param>
    /// <returns>The head of what follows; null when it is not known, or the run loop must look first.</returns>
    public static MicroOp* EndBlock(CpuContext* cpu, MicroOp* op)
    {
        ulong flags = cpu->State.Rflags;
        cpu->CurrentOp = op;
        if (!op->Body(cpu, op))
        {
            return null;
        }

        cpu->State.Rip = NextRip(cpu, op);
        return Follow(cpu, flags);
    }

    /// <summary>The body transfers control: when it returns true it has set RIP.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, the last of its block.</param>
    /// <returns>The head of the target; null when it is not known, or the run loop must look first.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MicroOp* Transfer(CpuContext* cpu, MicroOp* op)
    {
        ulong flags = cpu->State.Rflags;
        cpu->CurrentOp = op;
        bool done = op->Body(cpu, op);
        cpu->LinkPlace = null;
        return done ? Follow(cpu, flags) : null;
    }

    /// <summary>Gives RIP behind an instruction; while a block runs, RIP is that of its start.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>The address of the next instruction, wrapped as the code segment says.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong NextRip(CpuContext* cpu, MicroOp* op) => (cpu->State.Rip + op->EndOffset) & cpu->LinearMask;

    /// <summary>Goes on at RIP by the jump cache, unless something that a head does not look at wants the run loop.</summary>
    /// <remarks>That is: traps and shadows, an interrupt that EFLAGS.IF or the end of an NMI lets in, a halt.</remarks>
    /// <param name="cpu">The processor.</param>
    /// <param name="flagsBefore">EFLAGS before the instruction.</param>
    /// <returns>The head of what follows, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static MicroOp* Follow(CpuContext* cpu, ulong flagsBefore)
    {
        cpu->LinkPlace = null;
        ref EventState events = ref cpu->State.Events;
        ulong flags = cpu->State.Rflags;
        bool plain = cpu->Stop == StopReason.Lookup
            && (flags & Rflags.Trap) == 0
            && (events.StiShadow | events.MovSsShadow | events.NmiPending) == 0
            && events.PendingDebugTrap == 0
            && events.MpState == MpState.Runnable
            && cpu->Engine.Loop.MayFollow(enablesInterrupts: (~flagsBefore & flags & Rflags.Interrupt) != 0);
        if (!plain)
        {
            return null;
        }

        MicroOp* head = Branching.FollowIndirect(cpu);
        if ((flags & Rflags.Resume) != 0 && head is not null)
        {
            // Without breakpoints RF passes nothing, but it stays until an instruction has run.
            if (!BlockHandlers.MayEnter(cpu, head))
            {
                return null;
            }

            cpu->State.Rflags = flags & ~Rflags.Resume;
        }

        return head;
    }
}
