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
        lowering.Instruction.Code switch
        {
            Code.Retfw or Code.Retfw_imm16 => sizeof(ushort),
            Code.Retfd or Code.Retfd_imm16 => sizeof(uint),
            _ => sizeof(ulong),
        });

    private static bool Return(CpuContext* cpu, MicroOp* op)
    {
        int size = Operands.Size(op);
        uint addressBytes = 2 * (uint)size;
        uint parameters = (op->Traits & MicroOpTraits.Immediate) != 0 ? (ushort)op->Immediate : 0u;

        // The selector comes first: CR2 tells which of them a page fault met.
        if (!StackPointer.TryPeek(cpu, (uint)size, size, out ulong value) || !StackPointer.TryPeek(cpu, 0, size, out ulong offset))
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
            if (!target.TryCheckLimit(cpu))
            {
                return false;
            }

            StackPointer.Release(cpu, addressBytes + parameters);
            target.Enter(cpu);
            return true;
        }

        // The parameters lie on both stacks: they were copied by the gate.
        if (!ReturnTarget.TryReadStack(cpu, addressBytes + parameters, size, target, out SwitchedStack stack)
            || !target.TryCheckLimit(cpu))
        {
            return false;
        }

        ReturnTarget.EnterOuter(cpu, stack, parameters, target);
        return true;
    }
}
