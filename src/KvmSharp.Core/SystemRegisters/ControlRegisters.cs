using KvmSharp.Cpu;
using KvmSharp.Events;

namespace KvmSharp.SystemRegisters;

/// <summary>Writing CR0, CR3 and CR4 from guest code: what is refused, and what must be derived anew. Intel SDM Vol. 3A, "Control Registers".</summary>
internal static unsafe class ControlRegisters
{
    private const ulong TranslationBits0 = Cr0.Paging | Cr0.ProtectionEnable | Cr0.WriteProtect;
    private const ulong TranslationBits4 = Cr4.PageSizeExtensions | Cr4.PageGlobalEnable;

    /// <summary>Tests whether CR0 may have a value: paging needs protection, and NW without CD means nothing.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it may.</returns>
    public static bool IsValidCr0(ulong value) =>
        (value & (Cr0.Paging | Cr0.ProtectionEnable)) != Cr0.Paging
        && (value & (Cr0.NotWriteThrough | Cr0.CacheDisable)) != Cr0.NotWriteThrough;

    /// <summary>Writes CR0. ET always reads 1.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The value; bits that do not exist are dropped.</param>
    /// <returns>Whether it was accepted; else #GP(0) was raised.</returns>
    public static bool TryWriteCr0(CpuContext* cpu, ulong value)
    {
        if (!IsValidCr0(value))
        {
            return Faults.GeneralProtection(cpu);
        }

        ulong old = cpu->State.Cr0;
        cpu->State.Cr0 = (value & Cr0.Defined) | Cr0.ExtensionType;
        if (((old ^ value) & TranslationBits0) != 0)
        {
            cpu->Engine.FlushTlb(keepGlobal: false);
        }

        cpu->Engine.UpdateMode();
        return true;
    }

    /// <summary>Writes CR3 and forgets all translations that are not global.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The page directory's address with PWT and PCD.</param>
    public static void WriteCr3(CpuContext* cpu, ulong value)
    {
        cpu->State.Cr3 = (uint)value;
        cpu->Engine.FlushTlb(keepGlobal: true);
    }

    /// <summary>Writes CR4.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it was accepted; else #GP(0) was raised for a reserved bit.</returns>
    public static bool TryWriteCr4(CpuContext* cpu, ulong value)
    {
        if ((value & ~Cr4.Offered) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        ulong old = cpu->State.Cr4;
        cpu->State.Cr4 = value;
        if (((old ^ value) & TranslationBits4) != 0)
        {
            cpu->Engine.FlushTlb(keepGlobal: false);
        }

        cpu->Engine.UpdateMode();
        return true;
    }
}
