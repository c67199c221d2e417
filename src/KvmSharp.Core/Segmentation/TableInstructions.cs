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

    // The operand is six bytes whatever the operand size, in 64-bit mode ten; only the encoding tells 24 base bits from 32.
    private static int TableOperandSize(in Lowering lowering) => lowering.Instruction.Code switch
    {
        Code.Lgdt_m1632_16 or Code.Lidt_m1632_16 or Code.Sgdt_m1632_16 or Code.Sidt_m1632_16 => sizeof(ushort),
        Code.Lgdt_m1664 or Code.Lidt_m1664 or Code.Sgdt_m1664 or Code.Sidt_m1664 => sizeof(ulong),
        _ => sizeof(uint),
    };

    private static bool LoadGdt(CpuContext* cpu, MicroOp* op) => TryLoadTable(cpu, op, ref cpu->State.Gdtr);

    private static bool LoadIdt(CpuContext* cpu, MicroOp* op) => TryLoadTable(cpu, op, ref cpu->State.Idtr);

    private static bool StoreGdt(CpuContext* cpu, MicroOp* op) => TryStoreTable(cpu, op, cpu->State.Gdtr);

    private static bool StoreIdt(CpuContext* cpu, MicroOp* op) => TryStoreTable(cpu, op, cpu->State.Idtr);

    private static bool TryLoadTable(CpuContext* cpu, MicroOp* op, ref TableRegister table)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu)
            || !Operands.TryReadMemory(cpu, op, 0, out ushort limit)
            || !TryReadBase(cpu, op, out ulong tableBase))
        {
            return false;
        }

        table.Limit = limit;
        table.Base = Operands.Size(op) == sizeof(ushort) ? tableBase & NarrowBaseMask : tableBase;
        return true;
    }

    private static bool TryReadBase(CpuContext* cpu, MicroOp* op, out ulong tableBase)
    {
        if (Operands.Size(op) == sizeof(ulong))
        {
            return Operands.TryReadMemory(cpu, op, BaseDistance, out tableBase)
                && (Canonical.Is(tableBase) || Faults.GeneralProtection(cpu));
        }

        bool done = Operands.TryReadMemory(cpu, op, BaseDistance, out uint low);
        tableBase = low;
        return done;
    }

    private static bool TryStoreTable(CpuContext* cpu, MicroOp* op, TableRegister table)
    {
        if (!ProcessorMode.TryRequireUserInstruction(cpu))
        {
            return false;
        }

        // Two writes: the second is checked first, so that neither happens alone.
        ulong second = Operands.Truncate(op, Operands.EffectiveAddress(cpu, op) + BaseDistance);
        bool full = Operands.Size(op) == sizeof(ulong);
        int bytes = full ? sizeof(ulong) : sizeof(uint);
        uint low = Operands.Size(op) == sizeof(ushort) ? (uint)table.Base & NarrowBaseMask : (uint)table.Base;
        return SegmentAccess.TryTranslate(cpu, op->Segment, second, bytes, write: true, out ulong linear)
            && LinearAccess.TryProbeWrite(cpu, linear, bytes, DataAccess.Write)
            && Operands.TryWriteMemory(cpu, op, 0, table.Limit)
            && (full ? LinearAccess.TryWrite(cpu, linear, table.Base) : LinearAccess.TryWrite(cpu, linear, low));
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

        return TryMakeSystem(cpu, selector, descriptor, out register);
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

        bool isTask = descriptor.SystemType == SystemType.AvailableTss32
            || (descriptor.SystemType == SystemType.AvailableTss16 && !ProcessorMode.IsLong(cpu));
        if (!isTask)
        {
            return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
        }

        if (!descriptor.IsPresent)
        {
            return Faults.Raise(cpu, Vector.SegmentNotPresent, selector.ErrorCode);
        }

        if (!TryMakeSystem(cpu, selector, descriptor, out SegmentCache task)
            || !DescriptorTables.TrySetBusy(cpu, selector, descriptor, busy: true))
        {
            return false;
        }

        task.Attributes |= Descriptor.BusyBit;
        cpu->State.Segments[(int)SegmentIndex.Tr] = task;
        return true;
    }

    private static bool StoreLdt(CpuContext* cpu, MicroOp* op) => TryStoreSelector(cpu, op, SegmentIndex.Ldtr);

    private static bool StoreTask(CpuContext* cpu, MicroOp* op) => TryStoreSelector(cpu, op, SegmentIndex.Tr);

    private static bool TryStoreSelector(CpuContext* cpu, MicroOp* op, SegmentIndex register)
    {
        ushort selector = cpu->State.Segments[(int)register].Selector;
        if (!ProcessorMode.TryRequireProtected(cpu) || !ProcessorMode.TryRequireUserInstruction(cpu))
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

    // In long mode these descriptors have 16 bytes; the upper half continues the base.
    private static bool TryMakeSystem(CpuContext* cpu, Selector selector, Descriptor descriptor, out SegmentCache cache)
    {
        SegmentCache made = descriptor.ToCache(selector);
        cache = cpu->State.Segments[(int)(descriptor.SystemType == SystemType.Ldt ? SegmentIndex.Ldtr : SegmentIndex.Tr)];
        if (ProcessorMode.IsLong(cpu))
        {
            if (!DescriptorTables.TryReadUpper(cpu, selector, out ulong upper))
            {
                return false;
            }

            made.Base |= upper << 32;
            if (!Canonical.Is(made.Base))
            {
                return Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode);
            }
        }

        cache = made;
        return true;
    }

    private static bool TryReadSystem(CpuContext* cpu, Selector selector, out Descriptor descriptor)
    {
        descriptor = default;
        return selector.IsLocal
            ? Faults.Raise(cpu, Vector.GeneralProtection, selector.ErrorCode)
            : DescriptorTables.TryRead(cpu, selector, Vector.GeneralProtection, out descriptor);
    }
}
