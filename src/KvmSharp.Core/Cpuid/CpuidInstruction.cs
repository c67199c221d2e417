using Iced.Intel;
using KvmSharp.Cpu;
using KvmSharp.Engine;

namespace KvmSharp.Cpuid;

/// <summary>CPUID.</summary>
internal static unsafe class CpuidInstruction
{
    private const uint XsaveIsEnabled = 1 << 27; // OSXSAVE: what the system has set in CR4
    private const uint HasApic = 1 << 9;
    private const uint OfApic = (1 << 21) | (1 << 24); // x2APIC, TSC-deadline

    public static void Register(LoweringTable table) => table.AddGeneral(Mnemonic.Cpuid, &Execute);

    private static bool Execute(CpuContext* cpu, MicroOp* op)
    {
        ref GeneralRegisterFile registers = ref cpu->State.General;
        uint leaf = (uint)registers[GeneralRegisterFile.Rax];
        CpuidEntry entry = cpu->Engine.Cpuid.Find(leaf, (uint)registers[GeneralRegisterFile.Rcx]);
        if (entry.Leaf == 1)
        {
            entry = entry with
            {
                Ecx = (cpu->Engine.Apic is null ? entry.Ecx & ~OfApic : entry.Ecx) | ((cpu->State.Cr4 & Cr4.OsXsave) != 0 ? XsaveIsEnabled : 0),
                Edx = cpu->Engine.Apic is { IsEnabled: true } ? entry.Edx : entry.Edx & ~HasApic,
            };
        }

        registers[GeneralRegisterFile.Rax] = entry.Eax;
        registers[GeneralRegisterFile.Rbx] = entry.Ebx;
        registers[GeneralRegisterFile.Rcx] = entry.Ecx;
        registers[GeneralRegisterFile.Rdx] = entry.Edx;
        return true;
    }
}
