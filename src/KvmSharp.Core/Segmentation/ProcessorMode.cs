using System.Runtime.CompilerServices;
using KvmSharp.Cpu;
using KvmSharp.Events;

namespace KvmSharp.Segmentation;

/// <summary>Which of the operating modes the processor is in, and what its privilege allows. Intel SDM Vol. 3A, "Modes of Operation".</summary>
internal static unsafe class ProcessorMode
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsReal(CpuContext* cpu) => (cpu->State.Cr0 & Cr0.ProtectionEnable) == 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsVirtual8086(CpuContext* cpu) => !IsReal(cpu) && (cpu->State.Rflags & Rflags.Virtual8086) != 0;

    /// <summary>Tests whether selectors name descriptors: protected mode, and not virtual-8086.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether they do.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsProtected(CpuContext* cpu) => !IsReal(cpu) && (cpu->State.Rflags & Rflags.Virtual8086) == 0;

    /// <summary>Tests whether the processor is in long mode: 64-bit or compatibility mode. EFER.LMA.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether it is.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLong(CpuContext* cpu) => (cpu->State.Msrs.Efer & Efer.LongModeActive) != 0;

    /// <summary>Tests whether the code that runs is 64-bit code: long mode and CS.L.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether it is.</returns>
    public static bool Is64Bit(CpuContext* cpu) => (cpu->Mode & Engine.CodeMode.Code64) != 0;

    /// <summary>Raises #GP(0) for SGDT, SIDT, SLDT, STR and SMSW outside privilege level 0 when CR4.UMIP is set.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether the instruction may go on.</returns>
    public static bool TryRequireUserInstruction(CpuContext* cpu) =>
        cpu->Cpl == 0 || (cpu->State.Cr4 & Cr4.UserModeInstructionPrevention) == 0 || Faults.GeneralProtection(cpu);

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
}
