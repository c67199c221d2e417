using KvmSharp.Cpuid;
using KvmSharp.Engine;

namespace KvmSharp.Apic;

/// <summary>IA32_APIC_BASE: where the register page is, and in which mode the APIC works. Intel SDM Vol. 3A, "x2APIC States".</summary>
/// <remarks>
/// <code>
/// EN EXTD
///  0   0   disabled   no APIC: CPUID says so, INTR and NMI are pins of the processor
///  1   0   xAPIC      a page of registers
///  1   1   x2APIC     MSRs; left only through "disabled"
/// </code>
/// </remarks>
/// <param name="engine">The vCPU.</param>
/// <param name="apic">Its APIC.</param>
internal sealed unsafe class ApicBase(VcpuEngine engine, LocalApic apic)
{
    public const ulong BootProcessor = 1 << 8;
    public const ulong Extended = 1 << 10;
    public const ulong Enable = 1 << 11;

    private const ulong AddressMask = Paging.PhysicalAddress.TableMask;

    private int _mode; // the two mode bits, for other threads to look at

    public bool IsEnabled => (Volatile.Read(ref _mode) & (int)Enable) != 0;

    public bool IsX2Apic => (Volatile.Read(ref _mode) & (int)Extended) != 0;

    /// <summary>Gets the logical id that x2APIC mode derives from the id: a cluster of 16 above one bit of 16.</summary>
    public uint X2LogicalId => (uint)(((engine.Id >> 4) << 16) | (1 << (engine.Id & 0xF)));

    /// <summary>Writes the register.</summary>
    /// <param name="value">The value.</param>
    /// <returns><see langword="false"/> for a reserved bit, or a change of mode that does not exist.</returns>
    public bool TryWrite(ulong value)
    {
        ref ulong register = ref engine.Cpu->State.Msrs.ApicBase;
        ulong defined = AddressMask | Enable | BootProcessor | (engine.Features.Offers(CpuFeature.X2Apic) ? Extended : 0);
        ulong before = register & (Enable | Extended);
        ulong behind = value & (Enable | Extended);
        bool isMode = behind != Extended;
        bool isStep = before == behind || (before, behind) switch
        {
            (0, Enable | Extended) or (Enable | Extended, Enable) => false,
            _ => true,
        };
        if ((value & ~defined) != 0 || !isMode || !isStep)
        {
            return false;
        }

        register = (value & ~BootProcessor) | (register & BootProcessor);
        if (before != 0 && behind == 0)
        {
            apic.Reset(); // "may return to the state after power-up": it does here
        }

        Update();
        return true;
    }

    /// <summary>Derives mode and page anew: the register has been set.</summary>
    public void Update()
    {
        ulong value = engine.Cpu->State.Msrs.ApicBase;
        Volatile.Write(ref _mode, (int)(value & (Enable | Extended)));
        engine.Mmu.Physical.ApicPage = (value & (Enable | Extended)) == Enable ? value & AddressMask : Memory.PhysicalAccess.NoApic;
        engine.FlushTlb(keepGlobal: false);
    }
}
