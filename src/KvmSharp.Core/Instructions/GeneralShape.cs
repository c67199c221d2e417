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

    /// <summary>The body may change modes, privileges, mappings or interrupt states: the block ends behind it.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, the last of its block.</param>
    /// <returns>Null: the run loop looks up what follows.</returns>
    public static MicroOp* EndBlock(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        if (op->Body(cpu, op))
        {
            cpu->State.Rip = NextRip(cpu, op);
            cpu->LinkPlace = null;
        }

        return null;
    }

    /// <summary>The body transfers control: when it returns true it has set RIP.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction, the last of its block.</param>
    /// <returns>Null: the run loop looks up the target.</returns>
    public static MicroOp* Transfer(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        _ = op->Body(cpu, op);
        cpu->LinkPlace = null;
        return null;
    }

    /// <summary>Gives RIP behind an instruction; while a block runs, RIP is that of its start.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>The address of the next instruction, wrapped as the code segment says.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong NextRip(CpuContext* cpu, MicroOp* op) => (cpu->State.Rip + op->EndOffset) & cpu->LinearMask;
}
