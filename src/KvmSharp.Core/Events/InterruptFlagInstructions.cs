using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.Events;

/// <summary>CLI, STI, CLAC, STAC, PUSHF and POPF: what programs may see and change of EFLAGS as a whole.</summary>
internal static unsafe class InterruptFlagInstructions
{
    public static void Register(LoweringTable table)
    {
        table.AddGeneral(Mnemonic.Cli, &Clear);
        table.AddEndingBlock(Mnemonic.Sti, &Set);
        table.Add(Mnemonic.Pushf, &LowerPush);
        table.Add(Mnemonic.Pushfd, &LowerPush);
        table.Add(Mnemonic.Pushfq, &LowerPush);
        table.Add(Mnemonic.Popf, &LowerPop);
        table.Add(Mnemonic.Popfd, &LowerPop);
        table.Add(Mnemonic.Popfq, &LowerPop);
        table.AddEndingBlock(Mnemonic.Clac, &ClearAccessControl);
        table.AddEndingBlock(Mnemonic.Stac, &SetAccessControl);
    }

    private static bool Clear(CpuContext* cpu, MicroOp* op)
    {
        ulong flag = VirtualInterrupts.FlagOf(cpu);
        cpu->State.Rflags &= ~flag;
        return flag != 0 || Faults.GeneralProtection(cpu);
    }

    // The shadow lets the instruction behind STI run first, but only when interrupts were off before.
    private static bool Set(CpuContext* cpu, MicroOp* op)
    {
        ulong flag = VirtualInterrupts.FlagOf(cpu);
        if (flag != Rflags.Interrupt)
        {
            return TrySetVirtual(cpu, flag);
        }

        if ((cpu->State.Rflags & Rflags.Interrupt) == 0)
        {
            cpu->State.Rflags |= Rflags.Interrupt;
            cpu->State.Events.StiShadow = 1;
        }

        return true;
    }

    // An interrupt that the supervisor holds for the program is delivered by its #GP handler.
    private static bool TrySetVirtual(CpuContext* cpu, ulong flag)
    {
        if (flag == 0 || (cpu->State.Rflags & Rflags.VirtualInterruptPending) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Rflags |= flag;
        return true;
    }

    private static void LowerPush(ref Lowering lowering) =>
        SystemForms.LowerContinuing(ref lowering, &Push, SystemForms.StackItemSize(lowering));

    private static void LowerPop(ref Lowering lowering) =>
        SystemForms.LowerEndingBlock(ref lowering, &Pop, SystemForms.StackItemSize(lowering));

    // VM and RF are never seen in memory.
    private static bool Push(CpuContext* cpu, MicroOp* op)
    {
        if (!VirtualInterrupts.TryRequireFlagAccess(cpu, Operands.Size(op)))
        {
            return false;
        }

        var frame = StackFrame.OnPresentStack(cpu, Operands.Size(op), stackalloc ulong[1]);
        frame.Push(VirtualInterrupts.Export(cpu) & ~(Rflags.Virtual8086 | Rflags.Resume));
        if (!frame.TryWrite())
        {
            return false;
        }

        StackPointer.Set(cpu, cpu->StackMask, frame.Pointer);
        return true;
    }

    private static bool Pop(CpuContext* cpu, MicroOp* op)
    {
        int size = Operands.Size(op);
        if (!VirtualInterrupts.TryRequireFlagAccess(cpu, size) || !StackPointer.TryPeek(cpu, 0, size, out ulong value))
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

        if (!VirtualInterrupts.TryImport(cpu, ref value, ref mask))
        {
            return false;
        }

        StackPointer.Release(cpu, (uint)size);
        FlagsRegister.Write(cpu, value, mask);
        return true;
    }

    private static bool ClearAccessControl(CpuContext* cpu, MicroOp* op) => TrySetAccessControl(cpu, 0);

    private static bool SetAccessControl(CpuContext* cpu, MicroOp* op) => TrySetAccessControl(cpu, Rflags.AlignmentCheck);

    // EFLAGS.AC opens user pages to the supervisor under SMAP. Intel SDM Vol. 2A, "CLAC"; Vol. 2B, "STAC".
    private static bool TrySetAccessControl(CpuContext* cpu, ulong value)
    {
        if (cpu->Cpl != 0)
        {
            return Faults.InvalidOpcode(cpu);
        }

        cpu->State.Rflags = (cpu->State.Rflags & ~Rflags.AlignmentCheck) | value;
        cpu->Engine.Mode.SelectTlb();
        return true;
    }
}
