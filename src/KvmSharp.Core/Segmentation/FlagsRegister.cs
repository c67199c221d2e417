using KvmSharp.Cpu;
using KvmSharp.Operations;

namespace KvmSharp.Segmentation;

/// <summary>EFLAGS as one value, put together from the lazy flags and the rest, and who may change what in it.</summary>
internal static unsafe class FlagsRegister
{
    private const ulong AnyProgram = ArithmeticFlags.Mask | Rflags.Trap | Rflags.Direction | Rflags.NestedTask;

    /// <summary>Gets all of EFLAGS.</summary>
    /// <param name="cpu">The processor.</param>
    /// <returns>The register.</returns>
    public static ulong Read(CpuContext* cpu) => (cpu->State.Rflags & ~(ulong)ArithmeticFlags.Mask) | cpu->Flags.ToRflags();

    /// <summary>Sets all of EFLAGS; bits that do not exist are dropped.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The new value.</param>
    public static void Write(CpuContext* cpu, ulong value)
    {
        bool checksChange = ((cpu->State.Rflags ^ value) & Rflags.AlignmentCheck) != 0;
        cpu->State.Rflags = (value & Rflags.Defined & ~(ulong)ArithmeticFlags.Mask) | Rflags.AlwaysOne;
        cpu->Flags = ArithmeticFlags.FromRflags(value);
        if (checksChange)
        {
            cpu->Engine.UpdateMode();
        }
    }

    /// <summary>Sets some bits of EFLAGS.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The new bits at their places.</param>
    /// <param name="mask">Which bits take part.</param>
    public static void Write(CpuContext* cpu, ulong value, ulong mask) => Write(cpu, (Read(cpu) & ~mask) | (value & mask));

    /// <summary>Gives the bits that POPF and IRET may change at the present privilege. Intel SDM Vol. 2B, "POPF": IOPL and IF rules.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="size">The operand size in bytes: 2 reaches the low half only.</param>
    /// <returns>The mask; RF, VM, VIF and VIP are not in it.</returns>
    public static ulong Changeable(CpuContext* cpu, int size) =>
        AnyProgram
        | (size > 2 ? Rflags.AlignmentCheck | Rflags.Identification : 0)
        | (cpu->Cpl == 0 ? Rflags.IoplMask : 0)
        | (cpu->Cpl <= ProcessorMode.Iopl(cpu) ? Rflags.Interrupt : 0);
}
