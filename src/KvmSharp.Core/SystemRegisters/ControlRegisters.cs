using KvmSharp.Cpu;
using KvmSharp.Events;
using KvmSharp.Paging;
using KvmSharp.Segmentation;

namespace KvmSharp.SystemRegisters;

/// <summary>Writing CR0, CR3, CR4, CR8 and EFER from guest code: what is refused, and what must be derived anew. Intel SDM Vol. 3A, "Control Registers".</summary>
internal static unsafe class ControlRegisters
{
    private const ulong TranslationBits0 = Cr0.Paging | Cr0.ProtectionEnable | Cr0.WriteProtect;
    private const ulong TranslationBits4 = Cr4.PageSizeExtensions | Cr4.PageGlobalEnable | Cr4.PhysicalAddressExtension
        | Cr4.SupervisorExecutionPrevention | Cr4.SupervisorAccessPrevention;

    // A change of these makes PAE paging load its page-directory-pointer table. Intel SDM Vol. 3A, "PDPTE Registers".
    private const ulong PointerTableBits0 = Cr0.Paging | Cr0.CacheDisable | Cr0.NotWriteThrough;
    private const ulong PointerTableBits4 = Cr4.PhysicalAddressExtension | Cr4.PageGlobalEnable | Cr4.PageSizeExtensions
        | Cr4.SupervisorExecutionPrevention;

    private const ulong TaskPriorityMask = 0xF;

    /// <summary>Tests whether CR0 may have a value: paging needs protection, and NW without CD means nothing.</summary>
    /// <param name="value">The value.</param>
    /// <returns>Whether it may.</returns>
    public static bool IsValidCr0(ulong value) =>
        value <= uint.MaxValue
        && (value & (Cr0.Paging | Cr0.ProtectionEnable)) != Cr0.Paging
        && (value & (Cr0.NotWriteThrough | Cr0.CacheDisable)) != Cr0.NotWriteThrough;

    /// <summary>Writes CR0. ET always reads 1. With EFER.LME, setting PG enters long mode and clearing it leaves it.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The value; bits 31:0 that do not exist are dropped.</param>
    /// <returns>Whether it was accepted; else #GP(0) was raised.</returns>
    public static bool TryWriteCr0(CpuContext* cpu, ulong value)
    {
        ref CpuState state = ref cpu->State;
        ulong old = state.Cr0;
        bool paging = (value & Cr0.Paging) != 0;
        bool changesPaging = ((old ^ value) & Cr0.Paging) != 0;
        ulong efer = state.Msrs.Efer;
        if (changesPaging && (efer & Efer.LongModeEnable) != 0)
        {
            efer = paging ? efer | Efer.LongModeActive : efer & ~Efer.LongModeActive;
        }

        bool longModeAllowed = !changesPaging || (paging ? MayEnterLongMode(cpu, efer) : !ProcessorMode.Is64Bit(cpu));
        if (!IsValidCr0(value) || !longModeAllowed)
        {
            return Faults.GeneralProtection(cpu);
        }

        bool readsPointers = paging && ((old ^ value) & PointerTableBits0) != 0 && UsesPointerTable(state.Cr4, efer);
        if (readsPointers && !HasValidPointerTable(cpu, state.Cr3))
        {
            return Faults.GeneralProtection(cpu);
        }

        state.Cr0 = (value & Cr0.Defined) | Cr0.ExtensionType;
        state.Msrs.Efer = efer;
        if (((old ^ value) & TranslationBits0) != 0)
        {
            cpu->Engine.FlushTlb(keepGlobal: false);
        }

        cpu->Engine.UpdateMode();
        return true;
    }

    /// <summary>Writes CR3 and forgets all translations that are not global.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The first table's address with PWT and PCD.</param>
    /// <returns>Whether it was accepted; else #GP(0) was raised for address bits that do not exist, or a bad PDPTE in PAE paging.</returns>
    public static bool TryWriteCr3(CpuContext* cpu, ulong value)
    {
        ref CpuState state = ref cpu->State;
        bool readsPointers = (state.Cr0 & Cr0.Paging) != 0 && UsesPointerTable(state.Cr4, state.Msrs.Efer);
        if (value >= PhysicalAddress.End || (readsPointers && !HasValidPointerTable(cpu, value)))
        {
            return Faults.GeneralProtection(cpu);
        }

        WriteCr3(cpu, value);
        return true;
    }

    /// <summary>Writes CR3 without any check, as a task switch does: a bad PDPTE is met by the first access then.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The first table's address with PWT and PCD.</param>
    public static void WriteCr3(CpuContext* cpu, ulong value)
    {
        cpu->Engine.ShadowPaging?.CountCr3Load();
        cpu->State.Cr3 = value;
        cpu->Engine.FlushTlb(keepGlobal: true);
    }

    /// <summary>Writes CR4.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it was accepted; else #GP(0) was raised for a reserved bit, a bad PDPTE, or PAE cleared in long mode.</returns>
    public static bool TryWriteCr4(CpuContext* cpu, ulong value)
    {
        ref CpuState state = ref cpu->State;
        ulong old = state.Cr4;
        bool leavesLongTables = ProcessorMode.IsLong(cpu) && (value & Cr4.PhysicalAddressExtension) == 0;
        bool readsPointers = (state.Cr0 & Cr0.Paging) != 0
            && ((old ^ value) & PointerTableBits4) != 0
            && UsesPointerTable(value, state.Msrs.Efer);
        if ((value & ~cpu->Engine.Features.Cr4) != 0 || leavesLongTables || (readsPointers && !HasValidPointerTable(cpu, state.Cr3)))
        {
            return Faults.GeneralProtection(cpu);
        }

        state.Cr4 = value;
        if (((old ^ value) & TranslationBits4) != 0)
        {
            cpu->Engine.FlushTlb(keepGlobal: false);
        }

        cpu->Engine.UpdateMode();
        cpu->Engine.Breakpoints.Update(); // DE decides over port breakpoints
        return true;
    }

    /// <summary>Writes CR8, the upper half of the local APIC's task priority; without one it is kept and of no effect.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The value, 0 to 15.</param>
    /// <returns>Whether it was accepted; else #GP(0) was raised.</returns>
    public static bool TryWriteCr8(CpuContext* cpu, ulong value)
    {
        if ((value & ~TaskPriorityMask) != 0)
        {
            return Faults.GeneralProtection(cpu);
        }

        cpu->State.Cr8 = value;
        cpu->Engine.Apic?.SetTaskPriority((uint)value << 4);
        return true;
    }

    /// <summary>Writes EFER. LMA follows LME and paging by itself and is not changed. No fault is raised.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="value">The value.</param>
    /// <returns><see langword="false"/> for a reserved bit, or when LME would change under paging.</returns>
    public static bool TryWriteEfer(CpuContext* cpu, ulong value)
    {
        ref CpuState state = ref cpu->State;
        ulong changed = state.Msrs.Efer ^ value;
        bool underPaging = (changed & Efer.LongModeEnable) != 0 && (state.Cr0 & Cr0.Paging) != 0;
        if ((value & ~cpu->Engine.Features.Efer) != 0 || underPaging)
        {
            return false;
        }

        state.Msrs.Efer = (value & ~Efer.LongModeActive) | (state.Msrs.Efer & Efer.LongModeActive);
        if ((changed & Efer.ExecuteDisableEnable) != 0)
        {
            cpu->Engine.FlushTlb(keepGlobal: false);
        }

        return true;
    }

    // Intel SDM Vol. 3A, "Initializing IA-32e Mode": PAE must be on, and neither 64-bit code nor a 16-bit TSS may be in force.
    private static bool MayEnterLongMode(CpuContext* cpu, ulong efer)
    {
        ref CpuState state = ref cpu->State;
        ref SegmentCache task = ref state.Segments[(int)SegmentIndex.Tr];
        bool narrowTask = !task.Unusable && (SystemType)(task.Attributes & SegmentCache.TypeMask) == SystemType.BusyTss16;
        return (efer & Efer.LongModeActive) == 0
            || ((state.Cr4 & Cr4.PhysicalAddressExtension) != 0 && !state.Segments[(int)SegmentIndex.Cs].IsLong && !narrowTask);
    }

    private static bool UsesPointerTable(ulong cr4, ulong efer) =>
        (cr4 & Cr4.PhysicalAddressExtension) != 0 && (efer & Efer.LongModeActive) == 0;

    private static bool HasValidPointerTable(CpuContext* cpu, ulong cr3)
    {
        const int Entries = 4;
        for (int i = 0; i < Entries; i++)
        {
            ulong entry = cpu->Engine.Mmu.PageTables.ReadEntry((cr3 & PagingPae.RootMask) + (ulong)(i * sizeof(ulong)), sizeof(ulong));
            if ((entry & PageEntry.Present) != 0 && (entry & PagingPae.Reserved(PagingPae.Levels, large: false)) != 0)
            {
                return false;
            }
        }

        return true;
    }
}
