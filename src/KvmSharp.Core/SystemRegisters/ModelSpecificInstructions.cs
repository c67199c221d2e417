using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;
using KvmSharp.Events;
using KvmSharp.Segmentation;

namespace KvmSharp.SystemRegisters;

/// <summary>RDMSR, WRMSR, RDTSC, RDTSCP and RDPMC.</summary>
internal static unsafe class ModelSpecificInstructions
{
    public static void Register(LoweringTable table)
    {
        table.AddEndingBlock(Mnemonic.Rdmsr, &ReadRegister);
        table.AddEndingBlock(Mnemonic.Wrmsr, &WriteRegister);
        table.AddGeneral(Mnemonic.Rdtsc, &ReadTimeStamp);
        table.AddGeneral(Mnemonic.Rdtscp, &ReadTimeStampAndProcessor);
        table.AddGeneral(Mnemonic.Rdpmc, &ReadPerformanceCounter);
    }

    private static bool ReadRegister(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        uint index = (uint)cpu->State.General[GeneralRegisterFile.Rcx];
        if (!ModelSpecificExits.TryRead(cpu, index, out ulong value))
        {
            return false;
        }

        SetPair(cpu, value);
        return true;
    }

    private static bool WriteRegister(CpuContext* cpu, MicroOp* op)
    {
        if (!ProcessorMode.TryRequireSupervisor(cpu))
        {
            return false;
        }

        uint index = (uint)cpu->State.General[GeneralRegisterFile.Rcx];
        ulong high = (uint)cpu->State.General[GeneralRegisterFile.Rdx];
        ulong low = (uint)cpu->State.General[GeneralRegisterFile.Rax];
        return ModelSpecificExits.TryWrite(cpu, index, (high << 32) | low);
    }

    private static bool ReadTimeStamp(CpuContext* cpu, MicroOp* op)
    {
        if (cpu->Cpl != 0 && (cpu->State.Cr4 & Cr4.TimeStampDisable) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        SetPair(cpu, cpu->Engine.ReadTsc());
        return true;
    }

    private static bool ReadTimeStampAndProcessor(CpuContext* cpu, MicroOp* op)
    {
        if (!ReadTimeStamp(cpu, op))
        {
            return false;
        }

        cpu->State.General[GeneralRegisterFile.Rcx] = (uint)cpu->State.Msrs.TscAux;
        return true;
    }

    // There are no performance counters, so every index is out of range.
    private static bool ReadPerformanceCounter(CpuContext* cpu, MicroOp* op) => Faults.GeneralProtection(cpu);

    private static void SetPair(CpuContext* cpu, ulong value)
    {
        cpu->State.General[GeneralRegisterFile.Rax] = (uint)value;
        cpu->State.General[GeneralRegisterFile.Rdx] = value >> 32;
    }
}
