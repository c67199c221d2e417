using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Instructions;

/// <summary>How control gets from one instruction to the next in its block.</summary>
internal static unsafe class Chain
{
    /// <summary>Carries out the next micro-op: the last thing that a hot handler does, in place of returning it to the run loop.</summary>
    /// <remarks>
    /// Optimised code makes a jump of it. Where the compiler does not, each instruction of a block takes one frame, and the branch or
    /// end that closes every block returns through all of them: at most <see cref="CodeArena.MaxInstructions"/> frames, whatever the
    /// guest does. Returning the micro-op means the same; handlers out of the hot path do. The hot ones are marked as
    /// aggressively optimised: a guest that boots meets all of them, and the runtime would compile each, and the many small methods that
    /// it is made of, twice.
    /// </remarks>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction that is complete.</param>
    /// <returns>Where the chain goes on, or null.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static MicroOp* Next(CpuContext* cpu, MicroOp* op) => op[1].Handler(cpu, op + 1);
}
