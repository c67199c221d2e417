using KvmSharp.Cpu;
using KvmSharp.Segmentation;

namespace KvmSharp.Events;

/// <summary>VIF and VIP: the interrupt flag that CR4.VME and CR4.PVI give to programs that may not touch IF.</summary>
/// <remarks>Intel SDM Vol. 3B, "Virtual-8086 Mode Extensions" and "Protected-Mode Virtual Interrupts".</remarks>
internal static unsafe class VirtualInterrupts
{
    private const int VirtualShift = 10; // VIF is bit 19, IF bit 9

    /// <summary>Finds the flag that CLI and STI work on at the present mode and privilege.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>IF, VIF, or 0 when the instruction is refused.</returns>
    public static ulong FlagOf(CpuContext* cpu)
    {
        if (cpu->Cpl <= ProcessorMode.Iopl(cpu))
        {
            return Rflags.Interrupt;
        }

        ulong extension = ProcessorMode.IsVirtual8086(cpu) ? Cr4.Virtual8086Extensions : Cr4.ProtectedVirtualInterrupts;
        return cpu->Cpl == 3 && (cpu->State.Cr4 & extension) != 0 ? Rflags.VirtualInterrupt : 0;
    }

    /// <summary>Raises #GP(0) where PUSHF, POPF and IRET are refused: in virtual-8086 mode with IOPL below 3, unless VME serves a 16-bit one.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="size">The operand size in bytes.</param>
    /// <returns>Whether the instruction may go on.</returns>
    public static bool TryRequireFlagAccess(CpuContext* cpu, int size) =>
        !IsVirtualized(cpu) || (size == sizeof(ushort) && HasExtensions(cpu)) || Faults.GeneralProtection(cpu);

    /// <summary>Gives FLAGS as PUSHF and INT n show them: with VIF for IF and IOPL 3 where IF is virtual.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>The flags.</returns>
    public static ulong Export(CpuContext* cpu)
    {
        ulong flags = FlagsRegister.Read(cpu);
        return IsVirtualized(cpu)
            ? (flags & ~Rflags.Interrupt) | ((flags & Rflags.VirtualInterrupt) >> VirtualShift) | Rflags.IoplMask
            : flags;
    }

    /// <summary>Takes FLAGS from POPF or IRET: where IF is virtual it goes to VIF, unless that or TF is what the supervisor must see.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The popped value; VIF is put into it.</param>
    /// <param name="mask">The bits that may change; VIF is put into it.</param>
    /// <returns>Whether it may go on; else #GP(0) was raised.</returns>
    public static bool TryImport(CpuContext* cpu, ref ulong value, ref ulong mask)
    {
        if (!IsVirtualized(cpu))
        {
            return true;
        }

        bool enables = (value & Rflags.Interrupt) != 0;
        bool pending = (cpu->State.Rflags & Rflags.VirtualInterruptPending) != 0;
        if ((enables && pending) || (value & Rflags.Trap) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        value = (value & ~Rflags.VirtualInterrupt) | (enables ? Rflags.VirtualInterrupt : 0);
        mask |= Rflags.VirtualInterrupt;
        return true;
    }

    public static bool HasExtensions(CpuContext* cpu) => (cpu->State.Cr4 & Cr4.Virtual8086Extensions) != 0;

    /// <summary>Tells whether IF is out of reach of the virtual-8086 program that runs.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>Whether it runs with IOPL below 3.</returns>
    public static bool IsVirtualized(CpuContext* cpu) => ProcessorMode.IsVirtual8086(cpu) && ProcessorMode.Iopl(cpu) < 3;
}
