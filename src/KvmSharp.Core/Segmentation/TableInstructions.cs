using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Memory;

namespace KvmSharp.Segmentation;

/// <summary>LGDT, LIDT, SGDT, SIDT, LLDT, LTR, SLDT and STR. Intel SDM Vol. 3A, "System Instruction Summary".</summary>
internal static unsafe class TableInstructions
{
    private const uint NarrowBaseMask = 0xFF_FFFF;
    private const uint BaseDistance = sizeof(ushort);

    public static void Register(LoweringTable table)
    {
        table.Add(Mnemonic.Lgdt, &LowerLgdt);
        table.Add(Mnemonic.Lidt, &LowerLidt);
        table.Add(Mnemonic.Sgdt, &LowerSgdt);
        table.Add(Mnemonic.Sidt, &LowerSidt);
        table.AddEndingBlock(Mnemonic.Lldt, &LoadLdt);
        table.AddEndingBlock(Mnemonic.Ltr, &LoadTask);
        table.AddGeneral(Mnemonic.Sldt, &StoreLdt);
        table.AddGeneral(Mnemonic.Str, &StoreTask);
    }

    private static void LowerLgdt(ref Lowering lowering) => SystemForms.LowerEndingBlock(ref lowering, &LoadGdt, TableOperandSize(lowering));

    private static void LowerLidt(ref Lowering lowering) => SystemForms.LowerEndingBlock(ref lowering, &LoadIdt, TableOperandSize(lowering));

    private static void LowerSgdt(ref Lowering lowering) => SystemForms.LowerContinuing(ref lowering, &StoreGdt, TableOperandSize(lowering));

    private static void LowerSidt(ref Lowering lowering) => SystemForms.LowerContinuing(ref lowering, &StoreIdt, TableOperandSize(lowering));

    // The operand is six bytes whatever the operand size; only the encoding tells 24 base bits from 32.
    private static int TableOperandSize(in Lowering lowering) =>
        lowering.Instruction.Code is Code.Lgdt_m1632_16 or Code.Lidt_m1632_16 or Code.Sgdt_m1632_16 or Code.Sidt_m1632_16
            ? sizeof(ushort)
            : sizeof(uint);

    private static bool LoadGdt(CpuContext* cpu, MicroOp* op) => TryLoadTable(cpu, op, ref cpu->State.Gdtr);

    private static bool LoadIdt(CpuContext* cpu, MicroOp* op) => TryLoadTable(cpu, op, ref cpu->State.Idtr);

    private static bool StoreGdt(CpuContext* cpu, MicroOp* op) => TryStoreTable(cpu, op, cpu->State.Gdtr);

    private static bool StoreIdt(CpuContext* cpu, MicroOp* op) => TryStoreTable(cpu, op, cpu->State.Idtr);

    private static bool TryLoadTable(CpuContext* cpu, MicroOp* op, ref TableRegister table)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu)
            || !Operands.TryReadMemory(cpu, op, 0, out ushort limit)
            || !Operands.TryReadMemory(cpu, op, BaseDistance, out uint tableBase))
        {
            return false;
        }

        table.Limit = limit;
        table.Base = Operands.Size(op) == sizeof(ushort) ? tableBase & NarrowBaseMask : tableBase;
        return true;
    }

    private static bool TryStoreTable(CpuContext* cpu, MicroOp* op, TableRegister table)
    {
        // Two writes: the second is checked first, so that neither happens alone.
        ulong second = Operands.Truncate(op, Operands.EffectiveAddress(cpu, op) + BaseDistance);
        uint tableBase = Operands.Size(op) == sizeof(ushort) ? (uint)table.Base & NarrowBaseMask : (uint)table.Base;
        return SegmentAccess.TryTranslate(cpu, op->Segment, second, sizeof(uint), write: true, out ulong linear)
            && LinearAccess.TryProbeWrite(cpu, linear, sizeof(uint), DataAccess.Write)
            && Operands.TryWriteMemory(cpu, op, 0, table.Limit)
            && LinearAccess.TryWrite(cpu, linear, tableBase);
    }

    private static bool LoadLdt(CpuContext* cpu, MicroOp* op)
    {
        if (!TryReadSelector(cpu, op, out Selector selector))
        {
            return false;
        }

        ref SegmentCache register = ref cpu->State.Segments[(int)SegmentIndex.Ldtr];
        if (selector.IsNull)
        {
            register = LegacySegments.Null(register, selector);
            return true;
        }

        if (!TryReadSystem(cpu, selector, out Descriptor descriptor))
        {
            return false;
        }

        if (descriptor.SystemType != SystemType.Ldt)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        if (!descriptor.IsPresent)
        {
            return Faults.Raise(cpu, Vector.SegmentNotPresent, selector.ErrorCode);
        }

        register = descriptor.ToCache(selector);
        return true;
    }

    private static bool LoadTask(CpuContext* cpu, MicroOp* op)
    {
        if (!TryReadSelector(cpu, op, out Selector selector))
        {
            return false;
        }

        if (selector.IsNull)
        {
            return Faults.GeneralProtection(cpu);
        }

        if (!TryReadSystem(cpu, selector, out Descriptor descriptor))
        {
            return false;
        }

        if (descriptor.SystemType is not (SystemType.AvailableTss16 or SystemType.AvailableTss32))
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        if (!descriptor.IsPresent)
        {
            return Faults.Raise(cpu, Vector.SegmentNotPresent, selector.ErrorCode);
        }

        if (!DescriptorTables.TrySetBusy(cpu, selector, descriptor, busy: true))
        {
            return false;
        }

        SegmentCache task = descriptor.ToCache(selector);
        task.Attributes |= Descriptor.BusyBit;
        cpu->State.Segments[(int)SegmentIndex.Tr] = task;
        return true;
    }

    private static bool StoreLdt(CpuContext* cpu, MicroOp* op) => TryStoreSelector(cpu, op, SegmentIndex.Ldtr);

    private static bool StoreTask(CpuContext* cpu, MicroOp* op) => TryStoreSelector(cpu, op, SegmentIndex.Tr);

    private static bool TryStoreSelector(CpuContext* cpu, MicroOp* op, SegmentIndex register)
    {
        ushort selector = cpu->State.Segments[(int)register].Selector;
        if (!ProcessorMode.TryRequireProtected(cpu))
        {
            return false;
        }

        bool narrow = (op->Traits & MicroOpTraits.Memory) != 0 || Operands.Size(op) == sizeof(ushort);
        return narrow ? Operands.TryWriteRm(cpu, op, op->Dst, selector) : Operands.TryWriteRm(cpu, op, op->Dst, (uint)selector);
    }

    private static bool TryReadSelector(CpuContext* cpu, MicroOp* op, out Selector selector)
    {
        ushort value = 0;
        bool done = ProcessorMode.TryRequireProtected(cpu)
            && ProcessorMode.TryRequireSupervisor(cpu)
            && Operands.TryReadRm(cpu, op, op->Dst, out value);
        selector = new Selector(value);
        return done;
    }

    private static bool TryReadSystem(CpuContext* cpu, Selector selector, out Descriptor descriptor)
    {
        descriptor = default;
        return selector.IsLocal
            ? Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode)
            : DescriptorTables.TryRead(cpu, selector, Vector.GeneralProtection, out descriptor);
    }
}
