using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.Transfers;

/// <summary>RETF, with or without parameters to remove. Intel SDM Vol. 2B, "RET".</summary>
internal static unsafe class FarReturn
{
    public static void Register(LoweringTable table) => table.Add(Mnemonic.Retf, &Lower);

    private static void Lower(ref Lowering lowering) => SystemForms.LowerTransfer(
        ref lowering,
        &Return,
        lowering.Instruction.Code is Code.Retfw or Code.Retfw_imm16 ? sizeof(ushort) : sizeof(uint));

    private static bool Return(CpuContext* cpu, MicroOp* op)
    {
        int size = Operands.Size(op);
        uint addressBytes = 2 * (uint)size;
        uint parameters = (op->Traits & MicroOpTraits.Immediate) != 0 ? (ushort)op->Immediate : 0u;
        if (!StackPointer.TryPeek(cpu, 0, size, out ulong offset) || !StackPointer.TryPeek(cpu, (uint)size, size, out ulong value))
        {
            return false;
        }

        CodeTarget target;
        if (!ProcessorMode.IsProtected(cpu))
        {
            if (!CodeTarget.TryMakeUnprotected(cpu, (ushort)value, offset, out target))
            {
                return false;
            }

            StackPointer.Release(cpu, addressBytes + parameters);
            target.Enter(cpu);
            return true;
        }

        var selector = new Selector((ushort)value);
        if (!ReturnTarget.TryMake(cpu, selector, offset, out target))
        {
            return false;
        }

        if (selector.Rpl == cpu->Cpl)
        {
            StackPointer.Release(cpu, addressBytes + parameters);
            target.Enter(cpu);
            return true;
        }

        // The parameters lie on both stacks: they were copied by the gate.
        if (!ReturnTarget.TryReadStack(cpu, addressBytes + parameters, size, selector.Rpl, out SwitchedStack stack))
        {
            return false;
        }

        ReturnTarget.EnterOuter(cpu, stack, parameters, target);
        return true;
    }
}
