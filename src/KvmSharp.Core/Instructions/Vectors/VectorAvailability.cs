using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;

namespace KvmSharp.Instructions.Vectors;

/// <summary>Whether MMX and SSE instructions may run at all: decided when code is decoded. Intel SDM Vol. 3A, "System Programming for Instruction Set Extensions".</summary>
internal static unsafe class VectorAvailability
{
    /// <summary>Tests for CR0.EM, CR4.OSFXSR and CR0.TS; an instruction that they forbid is lowered to #UD or #NM.</summary>
    /// <param name="l">The instruction.</param>
    /// <returns>Whether the instruction may be lowered.</returns>
    public static bool TryUse(ref Lowering l) => TryUse(ref l, HasXmm(l) ? CodeMode.NoVectors : CodeMode.Emulation);

    /// <summary>As for an instruction with XMM operands, for one that has none: LDMXCSR and its like.</summary>
    /// <param name="l">The instruction.</param>
    /// <returns>Whether the instruction may be lowered.</returns>
    public static bool TryUseSse(ref Lowering l) => TryUse(ref l, CodeMode.NoVectors);

    private static bool TryUse(ref Lowering l, uint forbidding)
    {
        if ((l.Mode & forbidding) != 0)
        {
            l.Op->Handler = &Undefined;
            return false;
        }

        if ((l.Mode & CodeMode.NoCoprocessor) != 0)
        {
            l.Op->Handler = &NotAvailable;
            return false;
        }

        return true;
    }

    private static bool HasXmm(in Lowering l)
    {
        for (int i = 0; i < l.Instruction.OpCount; i++)
        {
            if (l.IsRegister(i) && l.Instruction.GetOpRegister(i).IsXMM())
            {
                return true;
            }
        }

        return false;
    }

    private static MicroOp* Undefined(CpuContext* cpu, MicroOp* op) => Faults.RaiseAt(cpu, op, Vector.InvalidOpcode);

    private static MicroOp* NotAvailable(CpuContext* cpu, MicroOp* op) => Faults.RaiseAt(cpu, op, Vector.DeviceNotAvailable);
}
