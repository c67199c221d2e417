using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.Events;

/// <summary>CLI, STI, PUSHF and POPF: what programs may see and change of EFLAGS as a whole. Virtual-8086 extensions are not offered.</summary>
internal static unsafe class InterruptFlagInstructions
{
    public static void Register(LoweringTable table)
    {
        table.AddGeneral(Mnemonic.Cli, &Clear);
        table.AddEndingBlock(Mnemonic.Sti, &Set);
        table.Add(Mnemonic.Pushf, &LowerPush);
        table.Add(Mnemonic.Pushfd, &LowerPush);
        table.Add(Mnemonic.Popf, &LowerPop);
        table.Add(Mnemonic.Popfd, &LowerPop);
    }

    private static bool Clear(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireIopl(cpu))
        {
            return false;
        }

        cpu->State.Rflags &= ~Rflags.Interrupt;
        return true;
    }

    // The shadow lets the instruction behind STI run first, but only when interrupts were off before.
    private static bool Set(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireIopl(cpu))
        {
            return false;
        }

        if ((cpu->State.Rflags & Rflags.Interrupt) == 0)
        {
            cpu->State.Rflags |= Rflags.Interrupt;
            cpu->State.Events.StiShadow = 1;
        }

        return true;
    }

    private static void LowerPush(ref Lowering lowering) =>
        SystemForms.LowerContinuing(ref lowering, &Push, SystemForms.StackItemSize(lowering));

    private static void LowerPop(ref Lowering lowering) =>
        SystemForms.LowerEndingBlock(ref lowering, &Pop, SystemForms.StackItemSize(lowering));

    // VM and RF are never seen in memory.
    private static bool Push(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireVirtual8086Iopl(cpu))
        {
            return false;
        }

        var frame = StackFrame.OnPresentStack(cpu, Operands.Size(op));
        frame.Push(FlagsRegister.Read(cpu) & ~(Rflags.Virtual8086 | Rflags.Resume));
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, cpu->State.Segments[(int)SegmentIndex.Ss], frame.Pointer);
        return true;
    }

    private static bool Pop(CpuContext* cpu, MicroOp* op)
    {
        int size = Operands.Size(op);
        if (!ProcessorMode.TryRequireVirtual8086Iopl(cpu) || !StackPointer.TryPeek(cpu, 0, size, out ulong value))
        {
            return false;
        }

        ulong mask = FlagsRegister.Changeable(cpu, size);
        if (size > sizeof(ushort))
        {
            // POPFD clears RF, whatever it pops.
            mask |= Rflags.Resume;
            value &= ~Rflags.Resume;
        }

        StackPointer.Release(cpu, (uint)size);
        FlagsRegister.Write(cpu, value, mask);
        return true;
    }
}
