using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Operations.FloatingPoint;

namespace KvmSharp.Instructions.FloatingPoint;

/// <summary>Control and status words, the stack pointer, and WAIT. Intel SDM Vol. 1, "x87 FPU Control Instructions".</summary>
/// <remarks>Iced decodes 9B as WAIT of its own, so FSTCW, FCLEX and the like are WAIT and the FN form, as the processor sees them.</remarks>
internal static unsafe class FpuControl
{
    public static void Register(LoweringTable table)
    {
        FpuShape.AddNonWaiting(table, Mnemonic.Fninit, &Initialize);
        FpuShape.AddNonWaiting(table, Mnemonic.Fnclex, &ClearExceptions);
        FpuShape.AddNonWaiting(table, Mnemonic.Fnstcw, &StoreControl);
        FpuShape.AddNonWaiting(table, Mnemonic.Fnstsw, &StoreStatus);
        FpuShape.AddWaiting(table, Mnemonic.Fldcw, &LoadControl);
        FpuShape.AddWaiting(table, Mnemonic.Fincstp, &IncrementTop);
        FpuShape.AddWaiting(table, Mnemonic.Fdecstp, &DecrementTop);
        FpuShape.AddWaiting(table, Mnemonic.Ffree, &Free);
        FpuShape.AddWaiting(table, Mnemonic.Ffreep, &FreeAndPop);
        FpuShape.AddWaiting(table, Mnemonic.Fnop, &Nothing);
        FpuShape.AddNonWaiting(table, Mnemonic.Fneni, &Ignored);
        FpuShape.AddNonWaiting(table, Mnemonic.Fndisi, &Ignored);
        FpuShape.AddNonWaiting(table, Mnemonic.Fnsetpm, &Ignored);
        table.Add(Mnemonic.Wait, &LowerWait);
    }

    private static void LowerWait(ref Lowering l) =>
        l.Op->Handler = (l.Mode & CodeMode.NoWait) != 0 ? &FpuShape.NotAvailable : &Wait;

    private static MicroOp* Wait(CpuContext* cpu, MicroOp* op) => FpuErrors.TryBegin(cpu, op) ? op + 1 : null;

    private static bool Initialize(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.X87.Initialize();
        FpuErrors.UpdateSummary(cpu);
        return true;
    }

    private static bool ClearExceptions(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.X87.StatusWord &= unchecked((ushort)~(X87Status.Exceptions | X87Status.StackFault));
        FpuErrors.UpdateSummary(cpu);
        return true;
    }

    private static bool StoreControl(CpuContext* cpu, MicroOp* op) =>
        Operands.TryWriteMemory(cpu, op, 0, cpu->State.X87.ControlWord);

    private static bool StoreStatus(CpuContext* cpu, MicroOp* op) =>
        Operands.TryWriteRm(cpu, op, op->Dst, cpu->State.X87.StatusWord);

    // An exception whose mask this takes away is reported at the next waiting instruction.
    private static bool LoadControl(CpuContext* cpu, MicroOp* op)
    {
        if (!Operands.TryReadMemory(cpu, op, 0, out ushort control))
        {
            return false;
        }

        cpu->State.X87.ControlWord = (ushort)((control & X87Control.Writable) | X87Control.AlwaysOne);
        FpuErrors.UpdateSummary(cpu);
        return true;
    }

    private static bool IncrementTop(CpuContext* cpu, MicroOp* op) => MoveTop(cpu, op, 1);

    private static bool DecrementTop(CpuContext* cpu, MicroOp* op) => MoveTop(cpu, op, -1);

    private static bool MoveTop(CpuContext* cpu, MicroOp* op, int distance)
    {
        FpuErrors.ReportNothing(cpu, op);
        cpu->State.X87.MoveTop(distance);
        return true;
    }

    private static bool Free(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.X87.InstructionPointer = cpu->State.Rip + op->Offset;
        cpu->State.X87.Free(op->Dst);
        return true;
    }

    private static bool FreeAndPop(CpuContext* cpu, MicroOp* op)
    {
        Free(cpu, op);
        cpu->State.X87.Pop();
        return true;
    }

    private static bool Nothing(CpuContext* cpu, MicroOp* op)
    {
        cpu->State.X87.InstructionPointer = cpu->State.Rip + op->Offset;
        return true;
    }

    // FNENI and FNDISI of the 8087, FNSETPM of the 80287.
    private static bool Ignored(CpuContext* cpu, MicroOp* op) => true;
}
