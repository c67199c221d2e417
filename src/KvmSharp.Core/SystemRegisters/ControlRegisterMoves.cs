using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Segmentation;

namespace KvmSharp.SystemRegisters;

/// <summary>MOV CR, LMSW, SMSW, CLTS, INVLPG, INVD and WBINVD.</summary>
internal static unsafe class ControlRegisterMoves
{
    private const ulong MachineStatusMask = Cr0.ProtectionEnable | Cr0.MonitorCoprocessor | Cr0.Emulation | Cr0.TaskSwitched;

    public static void Register(LoweringTable table)
    {
        table.AddEndingBlock(Mnemonic.Lmsw, &LoadMachineStatus);
        table.AddGeneral(Mnemonic.Smsw, &StoreMachineStatus);
        table.AddEndingBlock(Mnemonic.Clts, &ClearTaskSwitched);
        table.AddEndingBlock(Mnemonic.Invlpg, &InvalidatePage);
        table.AddGeneral(Mnemonic.Invd, &InvalidateCaches);
        table.AddGeneral(Mnemonic.Wbinvd, &InvalidateCaches);
    }

    /// <summary>MOV CRn, r32, in 64-bit mode r64.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool MoveTo(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        ulong value = Operands.Size(op) == sizeof(ulong) ? cpu->Read<ulong>(op->Src) : cpu->Read<uint>(op->Src);
        switch (op->Dst)
        {
            case 0:
                return ControlRegisters.TryWriteCr0(cpu, value);
            case 2:
                cpu->State.Cr2 = value;
                return true;
            case 3:
                return ControlRegisters.TryWriteCr3(cpu, value);
            case 4:
                return ControlRegisters.TryWriteCr4(cpu, value);
            case 8:
                return ControlRegisters.TryWriteCr8(cpu, value);
            default:
                return Faults.InvalidOpcode(cpu);
        }
    }

    /// <summary>MOV r32, CRn, in 64-bit mode r64.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="op">The instruction.</param>
    /// <returns>Whether it is complete.</returns>
    public static bool MoveFrom(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        if (op->Src is not (0 or 2 or 3 or 4 or 8))
        {
            return Faults.InvalidOpcode(cpu);
        }

        ulong value = op->Src switch
        {
            0 => cpu->State.Cr0,
            2 => cpu->State.Cr2,
            3 => cpu->State.Cr3,
            4 => cpu->State.Cr4,
            _ => cpu->State.Cr8,
        };
        cpu->Write(op->Dst, Operands.Size(op) == sizeof(ulong) ? value : (uint)value);
        return true;
    }

    // LMSW reaches the low four bits and can set PE, but not clear it.
    private static bool LoadMachineStatus(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu) || !Operands.TryReadRm(cpu, op, op->Dst, out ushort value))
        {
            return false;
        }

        ulong kept = cpu->State.Cr0 & ~(MachineStatusMask & ~Cr0.ProtectionEnable);
        return ControlRegisters.TryWriteCr0(cpu, kept | (value & MachineStatusMask));
    }

    private static bool StoreMachineStatus(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireUserInstruction(cpu))
        {
            return false;
        }

        uint value = (uint)cpu->State.Cr0;
        bool narrow = (op->Traits & MicroOpTraits.Memory) != 0 || Operands.Size(op) == sizeof(ushort);
        return narrow ? Operands.TryWriteRm(cpu, op, op->Dst, (ushort)value) : Operands.TryWriteRm(cpu, op, op->Dst, value);
    }

    private static bool ClearTaskSwitched(CpuContext* cpu, MicroOp* op) =>
        ProcessorMode.TryRequireSupervisor(cpu) && ControlRegisters.TryWriteCr0(cpu, cpu->State.Cr0 & ~Cr0.TaskSwitched);

    // The address is not checked against the segment: nothing is accessed there.
    private static bool InvalidatePage(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        cpu->Engine.FlushPage((cpu->Views[op->Segment].Base + Operands.EffectiveAddress(cpu, op)) & cpu->LinearMask);
        return true;
    }

    // There is no cache to write back or to lose: memory is always what every processor and device sees.
    private static bool InvalidateCaches(CpuContext* cpu, MicroOp* op) => ProcessorMode.TryRequireSupervisor(cpu);
}
