using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;

namespace KvmSharp.Observing;

/// <summary>The micro-ops in front of observed instructions. They exist only in code that was decoded while somebody observes, so nothing else pays.</summary>
internal static unsafe class InstructionWatch
{
    /// <summary>The addresses of the two, taken once: two addresses of one function need not be equal.</summary>
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> TellHandler = &Tell;
    public static readonly delegate*<CpuContext*, MicroOp*, MicroOp*> CountHandler = &Count;

    /// <summary>Steps over the watchers in front of an instruction that has begun already.</summary>
    /// <param name="op">The first micro-op behind a block's head.</param>
    /// <returns>The first that is no watcher of this kind.</returns>
    public static MicroOp* Skip(MicroOp* op)
    {
        while ((nint)op->Handler == (nint)TellHandler || (nint)op->Handler == (nint)CountHandler)
        {
            op++;
        }

        return op;
    }

    // A watcher stands for the instruction behind it: that is where positions belong.
    private static MicroOp* Tell(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op + 1;
        VcpuEngine engine = cpu->Engine;
        engine.Machine.Observer?.OnInstruction(engine.Id, engine.Position);
        if (cpu->Pending != 0)
        {
            engine.Loop.BreakAfterCurrent(); // the observer may want the run to end
        }

        return op + 1;
    }

    private static MicroOp* Count(CpuContext* cpu, MicroOp* op)
    {
        (*(ulong*)op->Immediate)++;
        return Chain.Next(cpu, op);
    }
}
