using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Instructions;
using KvmSharp.Memory;
using KvmSharp.Segmentation;

namespace KvmSharp.SystemRegisters;

/// <summary>SWAPGS, RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE: the bases of FS and GS in 64-bit mode.</summary>
/// <remarks>Intel SDM Vol. 2B, "SWAPGS: Swap GS Base Register", "RDFSBASE/RDGSBASE", "WRFSBASE/WRGSBASE".</remarks>
internal static unsafe class SegmentBases
{
    public static void Register(LoweringTable table)
    {
        table.AddEndingBlock(Mnemonic.Swapgs, &Swap);
        table.AddGeneral(Mnemonic.Rdfsbase, &ReadFs);
        table.AddGeneral(Mnemonic.Rdgsbase, &ReadGs);
        table.AddEndingBlock(Mnemonic.Wrfsbase, &WriteFs);
        table.AddEndingBlock(Mnemonic.Wrgsbase, &WriteGs);
    }

    private static bool Swap(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        ref ulong present = ref cpu->State.Segments[(int)SegmentIndex.Gs].Base;
        (present, cpu->State.Msrs.KernelGsBase) = (cpu->State.Msrs.KernelGsBase, present);
        cpu->Engine.UpdateMode();
        return true;
    }

    private static bool ReadFs(CpuContext* cpu, MicroOp* op) => TryRead(cpu, op, SegmentIndex.Fs);

    private static bool ReadGs(CpuContext* cpu, MicroOp* op) => TryRead(cpu, op, SegmentIndex.Gs);

    private static bool WriteFs(CpuContext* cpu, MicroOp* op) => TryWrite(cpu, op, SegmentIndex.Fs);

    private static bool WriteGs(CpuContext* cpu, MicroOp* op) => TryWrite(cpu, op, SegmentIndex.Gs);

    private static bool TryRead(CpuContext* cpu, MicroOp* op, SegmentIndex segment)
    {
        if (!TryRequireEnabled(cpu))
        {
            return false;
        }

        ulong value = cpu->State.Segments[(int)segment].Base;
        cpu->Write(op->Dst, Operands.Size(op) == sizeof(ulong) ? value : (uint)value);
        return true;
    }

    private static bool TryWrite(CpuContext* cpu, MicroOp* op, SegmentIndex segment)
    {
        if (!TryRequireEnabled(cpu))
        {
            return false;
        }

        ulong value = Operands.Size(op) == sizeof(ulong) ? cpu->Read<ulong>(op->Dst) : cpu->Read<uint>(op->Dst);
        if (!Canonical.Is(value))
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Segments[(int)segment].Base = value;
        cpu->Engine.UpdateMode();
        return true;
    }

    private static bool TryRequireEnabled(CpuContext* cpu) => (cpu->State.Cr4 & Cr4.FsGsBase) != 0 || Faults.InvalidOpcode(cpu);
}
