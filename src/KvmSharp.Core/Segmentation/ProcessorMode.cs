using KvmSharp.Cpu;
using KvmSharp.Events;

namespace KvmSharp.Segmentation;

/// <summary>Which of the operating modes the processor is in, and what its privilege allows. Intel SDM Vol. 3A, "Modes of Operation".</summary>
internal static unsafe class ProcessorMode
{
    public static bool IsReal(CpuContext* cpu) => (cpu->State.Cr0 & Cr0.ProtectionEnable) == 0;

    public static bool IsVirtual8086(CpuContext* cpu) => !IsReal(cpu) && (cpu->State.Rflags & Rflags.Virtual8086) != 0;

    /// <summary>Tests whether selectors name descriptors: protected mode, and not virtual-8086.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether they do.</returns>
    public static bool IsProtected(CpuContext* cpu) => !IsReal(cpu) && (cpu->State.Rflags & Rflags.Virtual8086) == 0;

    public static int Iopl(CpuContext* cpu) => (int)((cpu->State.Rflags & Rflags.IoplMask) >> Rflags.IoplShift);

    /// <summary>Raises #UD where selectors do not name descriptors.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether the instruction exists in this mode.</returns>
    public static bool TryRequireProtected(CpuContext* cpu) => IsProtected(cpu) || Faults.InvalidOpcode(cpu);

    /// <summary>Raises #GP(0) outside privilege level 0: the rule of HLT, LGDT, MOV CR, RDMSR and their like.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether CPL is 0.</returns>
    public static bool TryRequireSupervisor(CpuContext* cpu) => cpu->Cpl == 0 || Faults.GeneralProtection(cpu);

    /// <summary>Raises #GP(0) in virtual-8086 mode with IOPL below 3: the rule of INT n, IRET, PUSHF and POPF.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether the instruction may go on.</returns>
    public static bool TryRequireVirtual8086Iopl(CpuContext* cpu) =>
        !IsVirtual8086(cpu) || Iopl(cpu) == 3 || Faults.GeneralProtection(cpu);

    /// <summary>Raises #GP(0) when CPL exceeds IOPL: the rule of CLI and STI. In virtual-8086 mode CPL is 3.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether the instruction may go on.</returns>
    public static bool TryRequireIopl(CpuContext* cpu) => cpu->Cpl <= Iopl(cpu) || Faults.GeneralProtection(cpu);
}
