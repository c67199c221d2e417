using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions.Vectors;
using KvmSharp.Operations.Simd.FloatingPoint;

namespace KvmSharp.Instructions.Groups;

/// <summary>LDMXCSR, STMXCSR, EMMS, FXSAVE, FXRSTOR and the XSAVE family. Intel SDM Vol. 1, "MXCSR State Management Instructions", "Processor State Save/Restore".</summary>
internal static unsafe class ProcessorStateSaving
{
    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Ldmxcsr, &LowerLoad);
        table.Add(Mnemonic.Stmxcsr, &LowerStore);
        table.Add(Mnemonic.Emms, &LowerEmms);
        table.Add(Mnemonic.Fxsave, &LowerFxsave);
        table.Add(Mnemonic.Fxsave64, &LowerFxsave);
        table.Add(Mnemonic.Fxrstor, &LowerFxrstor);
        table.Add(Mnemonic.Fxrstor64, &LowerFxrstor);
        table.Add(Mnemonic.Xsave, &LowerXsave);
        table.Add(Mnemonic.Xsave64, &LowerXsave);
        table.Add(Mnemonic.Xrstor, &LowerXrstor);
        table.Add(Mnemonic.Xrstor64, &LowerXrstor);
        table.AddGeneral(Mnemonic.Xgetbv, &XsaveInstructions.GetControl);
        table.AddEndingBlock(Mnemonic.Xsetbv, &XsaveInstructions.SetControl);
    }

    private static void LowerLoad(ref Lowering l)
    {
        if (VectorAvailability.TryUseSse(ref l))
        {
            LowerBody(ref l, &LoadControl);
        }
    }

    private static void LowerStore(ref Lowering l)
    {
        if (VectorAvailability.TryUseSse(ref l))
        {
            LowerBody(ref l, &StoreControl);
        }
    }

    private static void LowerEmms(ref Lowering l)
    {
        if (VectorAvailability.TryUse(ref l))
        {
            LowerBody(ref l, &EmptyMmx);
        }
    }

    private static void LowerFxsave(ref Lowering l) => LowerArea(ref l, &FxsaveInstructions.Save, CodeMode.NoCoprocessor);

    private static void LowerFxrstor(ref Lowering l) => LowerArea(ref l, &FxsaveInstructions.Restore, CodeMode.NoCoprocessor);

    private static void LowerXsave(ref Lowering l) => LowerArea(ref l, &XsaveInstructions.Save, forbidding: 0);

    private static void LowerXrstor(ref Lowering l) => LowerArea(ref l, &XsaveInstructions.Restore, forbidding: 0);

    // The immediate, which these do not have, tells whether pointers are 64 bits wide.
    private static void LowerArea(ref Lowering l, delegate*<CpuContext*, MicroOp*, bool> body, uint forbidding)
    {
        LowerBody(ref l, (l.Mode & forbidding) != 0 ? &NotAvailable : body);
        bool wide = l.Instruction.Mnemonic is Mnemonic.Fxsave64 or Mnemonic.Fxrstor64 or Mnemonic.Xsave64 or Mnemonic.Xrstor64;
        l.Op->Immediate = wide ? 1 : 0;
    }

    private static void LowerBody(ref Lowering l, delegate*<CpuContext*, MicroOp*, bool> body)
    {
        l.FillOperands();
        l.Op->Body = body;
        l.Op->Handler = &GeneralShape.Continue;
    }

    private static bool NotAvailable(CpuContext* cpu, MicroOp* op) => Faults.Raise(cpu, Vector.DeviceNotAvailable);

    private static bool LoadControl(CpuContext* cpu, MicroOp* op)
    {
        if (!Operands.TryReadMemory(cpu, op, 0, out uint value))
        {
            return false;
        }

        if ((value & ~Mxcsr.Defined) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Vector.Mxcsr = value;
        return true;
    }

    private static bool StoreControl(CpuContext* cpu, MicroOp* op) => Operands.TryWriteMemory(cpu, op, 0, cpu->State.Vector.Mxcsr);

    private static bool EmptyMmx(CpuContext* cpu, MicroOp* op)
    {
        if (!MmxState.TryUse(cpu, op))
        {
            return false;
        }

        MmxState.Leave(cpu);
        return true;
    }
}
