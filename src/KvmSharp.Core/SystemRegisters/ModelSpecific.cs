using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using KvmSharp.Apic;
using KvmSharp.Cpu;
using KvmSharp.Cpuid;
using KvmSharp.Memory;

namespace KvmSharp.SystemRegisters;

/// <summary>The model-specific registers by index: which exist, and what they accept. Intel SDM Vol. 4.</summary>
/// <remarks>
/// No faults here, so that the embedder's access shares it. Memory types (PAT, MTRR) are stored and have no effect: there is no cache.
/// </remarks>
internal static unsafe class ModelSpecific
{
    public const uint TimeStampCounter = 0x10;
    public const uint ApicBase = 0x1B;
    public const uint TscAdjust = 0x3B;
    public const uint SpeculationControl = 0x48;
    public const uint PredictionCommand = 0x49;
    public const uint ArchitecturalCapabilities = 0x10A;
    public const uint SysenterCs = 0x174;
    public const uint SysenterEsp = 0x175;
    public const uint SysenterEip = 0x176;
    public const uint MiscEnable = 0x1A0;
    public const uint Pat = 0x277;
    public const uint MtrrDefType = MemoryTypeRanges.DefaultType;
    public const uint TscDeadline = 0x6E0;
    public const uint Efer = 0xC000_0080;
    public const uint Star = 0xC000_0081;
    public const uint Lstar = 0xC000_0082;
    public const uint Cstar = 0xC000_0083;
    public const uint SyscallFlagMask = 0xC000_0084;
    public const uint FsBase = 0xC000_0100;
    public const uint GsBase = 0xC000_0101;
    public const uint KernelGsBase = 0xC000_0102;

    public const uint TscAux = 0xC000_0103;

    /// <summary>Bit 0 of IA32_MISC_ENABLE: repeated string instructions are quick.</summary>
    public const ulong FastStrings = 1 << 0;

    private const ulong ApicBootProcessor = 1 << 8;
    private const ulong ApicWritable = Paging.PhysicalAddress.TableMask | 0x800; // a page address and global enable
    private const uint PlatformId = 0x17;
    private const uint BiosSignature = 0x8B;
    private const uint McgCapability = 0x179;
    private const uint McgStatus = 0x17A;
    private const ulong MicrocodeRevision = 1UL << 32;
    private const ulong McgWritable = 7; // RIPV, EIPV, MCIP
    private const ulong BranchRestrictions = 3;      // IBRS, STIBP: kept, for nothing is predicted
    private const ulong BranchPredictionBarrier = 1; // IBPB: nothing to forget

    // What processors without speculation are free of: RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, PSCHANGE_MC_NO, TAA_NO,
    // SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, ITS_NO. Kernels then leave out costly workarounds.
    private const ulong FreeOfSpeculation = 0x4000_0000_0D10_E17B;

    /// <summary>Reads a register.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="index">Its index.</param>
    /// <param name="value">Its value.</param>
    /// <returns>Whether it exists.</returns>
    public static bool TryRead(CpuContext* cpu, uint index, out ulong value)
    {
        if (index == TimeStampCounter)
        {
            value = cpu->Engine.ReadTsc();
            return true;
        }

        if (X2ApicRegisters.Contains(index))
        {
            return X2ApicRegisters.TryRead(cpu->Engine.Apic, index, out value);
        }

        if (index == TscDeadline && TryFindDeadlineTimer(cpu, out ApicTimer? timer))
        {
            timer.Serve();
            value = timer.TscDeadline;
            return true;
        }

        if (TryReadConstant(cpu->Engine.Features, index, out value))
        {
            return true;
        }

        ulong* place = PlaceOf(cpu, index);
        value = place == null ? 0 : *place;
        return place != null;
    }

    /// <summary>Writes a register.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="index">Its index.</param>
    /// <param name="value">The new value.</param>
    /// <returns>Whether it exists and accepts the value.</returns>
    public static bool TryWrite(CpuContext* cpu, uint index, ulong value)
    {
        if (index == TimeStampCounter)
        {
            MoveTimeStamp(cpu, value - cpu->Engine.ReadTsc());
            return true;
        }

        if (index == TscAdjust && IsOffered(cpu->Engine.Features, index))
        {
            MoveTimeStamp(cpu, value - cpu->State.Msrs.TscAdjust);
            return true;
        }

        if (X2ApicRegisters.Contains(index))
        {
            return X2ApicRegisters.TryWrite(cpu->Engine.Apic, index, value);
        }

        if (index == TscDeadline && TryFindDeadlineTimer(cpu, out ApicTimer? timer))
        {
            timer.SetTscDeadline(value);
            return true;
        }

        if (index == ApicBase && cpu->Engine.Apic is { } apic)
        {
            return apic.Base.TryWrite(value);
        }

        if (index == BiosSignature && cpu->Engine.Features.Offers(CpuFeature.ModelSpecificRegisters))
        {
            return true; // software clears it before CPUID loads it again
        }

        if (index == Efer && cpu->Engine.Features.Efer != 0)
        {
            return ControlRegisters.TryWriteEfer(cpu, value);
        }

        if (index == PredictionCommand && IsOffered(cpu->Engine.Features, index))
        {
            return (value & ~BranchPredictionBarrier) == 0;
        }

        ulong* place = PlaceOf(cpu, index);
        if (place == null || !IsAcceptable(index, value))
        {
            return false;
        }

        // The bootstrap-processor bit belongs to the hardware.
        *place = index == ApicBase ? (value & ~ApicBootProcessor) | (*place & ApicBootProcessor) : value;
        if (index is FsBase or GsBase)
        {
            cpu->Engine.UpdateMode();
        }

        return true;
    }

    /// <summary>Tests whether a register takes a value.</summary>
    /// <param name="index">A register that exists.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether no reserved bit is set.</returns>
    public static bool IsAcceptable(uint index, ulong value) => index switch
    {
        ApicBase => (value & ~(ApicWritable | ApicBootProcessor)) == 0,
        SysenterCs or SyscallFlagMask or TscAux => value <= uint.MaxValue,
        SysenterEsp or SysenterEip or Lstar or Cstar or FsBase or GsBase or KernelGsBase => Canonical.Is(value),
        MiscEnable => (value & ~FastStrings) == 0,
        SpeculationControl => (value & ~BranchRestrictions) == 0,
        Pat => IsValidPat(value),
        McgStatus => (value & ~McgWritable) == 0,
        _ => !MemoryTypeRanges.Contains(index) || MemoryTypeRanges.IsAcceptable(index, value),
    };

    private static bool IsValidPat(ulong value)
    {
        for (int i = 0; i < sizeof(ulong); i++)
        {
            byte type = (byte)(value >> (i * 8));
            if (!MemoryTypeRanges.IsType(type) && type != 7) // the PAT knows UC- besides
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryFindDeadlineTimer(CpuContext* cpu, [NotNullWhen(true)] out ApicTimer? timer)
    {
        timer = cpu->Engine.Features.Offers(CpuFeature.TscDeadline) ? cpu->Engine.Apic?.Timer : null;
        return timer is not null;
    }

    // Either register moves the other. Intel SDM Vol. 3B, "Time-Stamp Counter Adjustment".
    private static void MoveTimeStamp(CpuContext* cpu, ulong by)
    {
        cpu->State.TscOffset += by;
        cpu->State.Msrs.TscAdjust += by;
        cpu->Engine.Apic?.Timer.TimeStampChanged();
    }

    // Read-only registers: there are no memory types in effect, no machine-check banks, and one microcode.
    private static bool TryReadConstant(CpuFeatures features, uint index, out ulong value)
    {
        (CpuFeature feature, value) = index switch
        {
            PlatformId => (CpuFeature.ModelSpecificRegisters, 0UL),
            BiosSignature => (CpuFeature.ModelSpecificRegisters, MicrocodeRevision),
            MemoryTypeRanges.Capability => (CpuFeature.MemoryTypeRanges, MemoryTypeRanges.CapabilityValue),
            McgCapability => (CpuFeature.MachineCheckArchitecture, 0UL),
            ArchitecturalCapabilities => (CpuFeature.ArchitecturalCapabilities, FreeOfSpeculation),
            _ => ((CpuFeature)(-1), 0UL),
        };
        return feature >= 0 && features.Offers(feature);
    }

    private static SegmentCache* Segment(CpuContext* cpu, SegmentIndex index) =>
        (SegmentCache*)Unsafe.AsPointer(ref cpu->State.Segments[(int)index]);

    private static ulong* PlaceOf(CpuContext* cpu, uint index) => IsOffered(cpu->Engine.Features, index) ? StorageOf(cpu, index) : null;

    private static bool IsOffered(CpuFeatures features, uint index) => index switch
    {
        SysenterCs or SysenterEsp or SysenterEip => features.Offers(CpuFeature.SysenterSysexit),
        Pat => features.Offers(CpuFeature.PageAttributeTable),
        Efer => features.Efer != 0,
        SpeculationControl or PredictionCommand => features.Offers(CpuFeature.IndirectBranchControl),
        TscAdjust => features.Offers(CpuFeature.TimeStampAdjust),
        Star => features.Offers(CpuFeature.SyscallSysret),
        Lstar or Cstar or SyscallFlagMask or FsBase or GsBase or KernelGsBase => features.Offers(CpuFeature.LongMode),
        TscAux => features.Offers(CpuFeature.Rdtscp),
        McgStatus => features.Offers(CpuFeature.MachineCheckArchitecture),
        _ when MemoryTypeRanges.Contains(index) => features.Offers(CpuFeature.MemoryTypeRanges),
        _ => features.Offers(CpuFeature.ModelSpecificRegisters),
    };

    private static ulong* StorageOf(CpuContext* cpu, uint index) => index switch
    {
        ApicBase => &cpu->State.Msrs.ApicBase,
        SysenterCs => &cpu->State.Msrs.SysenterCs,
        SysenterEsp => &cpu->State.Msrs.SysenterEsp,
        SysenterEip => &cpu->State.Msrs.SysenterEip,
        MiscEnable => &cpu->State.Msrs.MiscEnable,
        SpeculationControl => &cpu->State.Msrs.SpeculationControl,
        TscAdjust => &cpu->State.Msrs.TscAdjust,
        Pat => &cpu->State.Msrs.Pat,
        McgStatus => &cpu->State.Msrs.McgStatus,
        Efer => &cpu->State.Msrs.Efer,
        Star => &cpu->State.Msrs.Star,
        Lstar => &cpu->State.Msrs.Lstar,
        Cstar => &cpu->State.Msrs.Cstar,
        SyscallFlagMask => &cpu->State.Msrs.SyscallFlagMask,
        FsBase => &Segment(cpu, SegmentIndex.Fs)->Base,
        GsBase => &Segment(cpu, SegmentIndex.Gs)->Base,
        KernelGsBase => &cpu->State.Msrs.KernelGsBase,
        TscAux => &cpu->State.Msrs.TscAux,
        _ => MemoryTypeRanges.StorageOf(cpu, index),
    };
}
