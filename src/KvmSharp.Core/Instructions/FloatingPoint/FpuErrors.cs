using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>How the x87 reports exceptions: into the status word at once, to software at the next waiting instruction.</summary>
/// <remarks>Intel SDM Vol. 1, "x87 FPU Exception Synchronization" and "Handling x87 FPU Exceptions in Software".</remarks>
internal static unsafe class FpuErrors
{
    /// <summary>Lets a waiting instruction begin, unless an unmasked exception waits.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction; any that waits, also of MMX.</param>
    /// <returns><see langword="false"/> when #MF was raised or the processor freezes until the board interrupts it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryBegin(CpuContext* cpu, MicroOp* op) =>
        (cpu->State.X87.StatusWord & X87Status.ErrorSummary) == 0 || TryProceed(cpu, op);

    /// <summary>Takes the outcome of an operation into the status word and notes where it happened.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="env">The outcome.</param>
    /// <returns>Whether a register may take the result.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Report(CpuContext* cpu, MicroOp* op, in FloatEnvironment env)
    {
        ref X87State x87 = ref cpu->State.X87;
        x87.StatusWord = (ushort)((x87.StatusWord & ~X87Status.C1) | env.Status);
        x87.InstructionPointer = cpu->State.Rip + op->Offset;
        if ((env.Status & ~env.Control & X87Status.Exceptions) == 0)
        {
            return true;
        }

        ReportUnmasked(cpu, op);
        return !env.StopsResult;
    }

    /// <summary>Takes an outcome as <see cref="Report"/> does, but leaves C1 unless a stack fault decides it: FCOMI and FCMOVcc.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <param name="env">The outcome.</param>
    /// <returns>Whether a register may take the result.</returns>
    public static bool ReportKeepingC1(CpuContext* cpu, MicroOp* op, FloatEnvironment env)
    {
        if ((env.Status & X87Status.StackFault) == 0)
        {
            env.Raise(cpu->State.X87.StatusWord & X87Status.C1);
        }

        return Report(cpu, op, env);
    }

    /// <summary>Clears C1 and notes where the instruction was: what those do that raise nothing.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    public static void ReportNothing(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.X87.StatusWord &= unchecked((ushort)~X87Status.C1);
        cpu->State.X87.InstructionPointer = cpu->State.Rip + op->Offset;
    }

    /// <summary>Derives ES anew after a control instruction changed exceptions or masks; without one the FERR pin is released.</summary>
    /// <param name="cpu">The processor.</param>
    public static void UpdateSummary(CpuContext* cpu)
    {
        cpu->State.X87.UpdateSummary();
        if ((cpu->State.X87.StatusWord & X87Status.ErrorSummary) == 0)
        {
            cpu->Engine.NumericErrors.Release();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryProceed(CpuContext* cpu, MicroOp* op)
    {
        cpu->CurrentOp = op;
        return (cpu->State.Cr0 & Cr0.NumericError) != 0
            ? Faults.Raise(cpu, Vector.FloatingPointError)
            : cpu->Engine.NumericErrors.TryIgnore();
    }

    // This processor keeps FOP and FDP for unmasked exceptions only, and the selectors always 0.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReportUnmasked(CpuContext* cpu, MicroOp* op)
    {
        ref X87State x87 = ref cpu->State.X87;
        x87.StatusWord |= X87Status.ErrorSummary | X87Status.Busy;
        x87.Opcode = (ushort)op->Immediate; // FpuShape left it there
        if ((op->Traits & MicroOpTraits.Memory) != 0)
        {
            x87.DataPointer = Operands.EffectiveAddress(cpu, op);
        }
    }
}
