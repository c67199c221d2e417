using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Instructions;

namespace KvmSharp.Segmentation;

/// <summary>LAR, LSL, VERR, VERW and ARPL: questions about selectors, answered in ZF. Intel SDM Vol. 3A, "Pointer Validation".</summary>
internal static unsafe class SegmentQueries
{
    private const uint AccessRightsMask = 0x00FF_FF00; // bits 19:16, which the manual calls undefined, show the limit

    public static void Register(LoweringTable table)
    {
        table.AddGeneral(Mnemonic.Lar, &LoadAccessRights);
        table.AddGeneral(Mnemonic.Lsl, &LoadLimit);
        table.AddGeneral(Mnemonic.Verr, &VerifyRead);
        table.AddGeneral(Mnemonic.Verw, &VerifyWrite);
        table.AddGeneral(Mnemonic.Arpl, &AdjustRpl);
    }

    /// <summary>Tests whether LAR knows a descriptor.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="isLong">Whether the processor is in long mode, which has no 16-bit system descriptors and no task gates.</param>
    /// <returns>Whether its type is valid.</returns>
    public static bool HasAccessRights(Descriptor descriptor, bool isLong) => HasLimit(descriptor, isLong)
        || descriptor.SystemType == SystemType.CallGate32
        || (!isLong && descriptor.SystemType is SystemType.CallGate16 or SystemType.TaskGate);

    /// <summary>Tests whether LSL knows a descriptor: segments, LDT and TSS have limits, gates have none.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="isLong">Whether the processor is in long mode, which has no 16-bit system descriptors and no task gates.</param>
    /// <returns>Whether its type is valid.</returns>
    public static bool HasLimit(Descriptor descriptor, bool isLong) => descriptor.IsCodeOrData
        || descriptor.SystemType is SystemType.Ldt or SystemType.AvailableTss32 or SystemType.BusyTss32
        || (!isLong && descriptor.SystemType is SystemType.AvailableTss16 or SystemType.BusyTss16);

    private static bool LoadAccessRights(CpuContext* cpu, MicroOp* op)
    {
        if (!TryFind(cpu, op, op->Src, out Descriptor descriptor, out bool visible))
        {
            return false;
        }

        Answer(cpu, op, visible && HasAccessRights(descriptor, ProcessorMode.IsLong(cpu)), (uint)(descriptor.Raw >> 32) & AccessRightsMask);
        return true;
    }

    private static bool LoadLimit(CpuContext* cpu, MicroOp* op)
    {
        if (!TryFind(cpu, op, op->Src, out Descriptor descriptor, out bool visible))
        {
            return false;
        }

        Answer(cpu, op, visible && HasLimit(descriptor, ProcessorMode.IsLong(cpu)), descriptor.Limit);
        return true;
    }

    private static bool VerifyRead(CpuContext* cpu, MicroOp* op)
    {
        if (!TryFind(cpu, op, op->Dst, out Descriptor descriptor, out bool visible))
        {
            return false;
        }

        cpu->Flags.SetZero(visible && descriptor.IsReadable);
        return true;
    }

    private static bool VerifyWrite(CpuContext* cpu, MicroOp* op)
    {
        if (!TryFind(cpu, op, op->Dst, out Descriptor descriptor, out bool visible))
        {
            return false;
        }

        cpu->Flags.SetZero(visible && descriptor.IsWritableData);
        return true;
    }

    private static bool AdjustRpl(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireProtected(cpu) || !Operands.TryReadRm(cpu, op, op->Dst, out ushort value))
        {
            return false;
        }

        int required = new Selector(cpu->Read<ushort>(op->Src)).Rpl;
        var selector = new Selector(value);
        bool raise = selector.Rpl < required;
        if (raise && !Operands.TryWriteRm(cpu, op, op->Dst, selector.WithRpl(required).Value))
        {
            return false;
        }

        cpu->Flags.SetZero(raise);
        return true;
    }

    // "Not found" is an answer, not a fault: only the operand and the table's pages can fault.
    private static bool TryFind(CpuContext* cpu, MicroOp* op, ushort register, out Descriptor descriptor, out bool visible)
    {
        descriptor = default;
        visible = false;
        if (!ProcessorMode.TryRequireProtected(cpu) || !Operands.TryReadRm(cpu, op, register, out ushort value))
        {
            return false;
        }

        var selector = new Selector(value);
        if (selector.IsNull || !DescriptorTables.TryLocate(cpu, selector, out ulong linear))
        {
            return true;
        }

        if (!Memory.LinearAccess.TryReadSystem(cpu, linear, out ulong raw))
        {
            return false;
        }

        descriptor = new Descriptor(raw);
        visible = descriptor.IsVisibleTo(cpu->Cpl, selector.Rpl);
        return true;
    }

    private static void Answer(CpuContext* cpu, MicroOp* op, bool found, uint value)
    {
        cpu->Flags.SetZero(found);
        if (!found)
        {
            return;
        }

        if (Operands.Size(op) == sizeof(ushort))
        {
            cpu->Write(op->Dst, (ushort)value);
        }
        else
        {
            cpu->Write(op->Dst, value);
        }
    }
}
