using System.Runtime.CompilerServices;
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
    public const uint SysenterCs = 0x174;
    public const uint SysenterEsp = 0x175;
    public const uint SysenterEip = 0x176;
    public const uint MiscEnable = 0x1A0;
    public const uint Pat = 0x277;
    public const uint MtrrDefType = 0x2FF;
    public const uint Efer = 0xC000_0080;
    public const uint Star = 0xC000_0081;
    public const uint Lstar = 0xC000_0082;
    public const uint Cstar = 0xC000_0083;
    public const uint SyscallFlagMask = 0xC000_0084;
    public const uint FsBase = 0xC000_0100;
    public const uint GsBase = 0xC000_0101;
    public const uint KernelGsBase = 0xC000_0102;

    public const uint TscAux = 0xC000_0103;

    private const ulong ApicBootProcessor = 1 << 8;
    private const ulong ApicWritable = Paging.PhysicalAddress.TableMask | 0x800; // a page address and global enable
    private const ulong FastStrings = 1 << 0;
    private const ulong MtrrWritable = 0xCFF; // type, fixed-range enable, enable
    private const ulong MtrrTypeMask = 0xFF;

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
            cpu->State.TscOffset += value - cpu->Engine.ReadTsc();
            return true;
        }

        if (index == Efer && cpu->Engine.Features.Efer != 0)
        {
            return ControlRegisters.TryWriteEfer(cpu, value);
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
        Pat => IsValidPat(value),
        MtrrDefType => (value & ~MtrrWritable) == 0 && IsMtrrType((byte)(value & MtrrTypeMask)),
        _ => true,
    };

    private static bool IsValidPat(ulong value)
    {
        for (int i = 0; i < sizeof(ulong); i++)
        {
            byte type = (byte)(value >> (i * 8));
            if (!IsMtrrType(type) && type != 7)
            {
                return false;
            }
        }

        return true;
    }

    // UC, WC, WT, WP, WB; the PAT knows UC- (7) besides.
    private static bool IsMtrrType(byte type) => type is 0 or 1 or 4 or 5 or 6;

    private static SegmentCache* Segment(CpuContext* cpu, SegmentIndex index) =>
        (SegmentCache*)Unsafe.AsPointer(ref cpu->State.Segments[(int)index]);

    private static ulong* PlaceOf(CpuContext* cpu, uint index) => IsOffered(cpu->Engine.Features, index) ? StorageOf(cpu, index) : null;

    private static bool IsOffered(CpuFeatures features, uint index) => index switch
    {
        SysenterCs or SysenterEsp or SysenterEip => features.Offers(CpuFeature.SysenterSysexit),
        Pat => features.Offers(CpuFeature.PageAttributeTable),
        Efer => features.Efer != 0,
        Star => features.Offers(CpuFeature.SyscallSysret),
        Lstar or Cstar or SyscallFlagMask or FsBase or GsBase or KernelGsBase => features.Offers(CpuFeature.LongMode),
        TscAux => features.Offers(CpuFeature.Rdtscp),
        _ => features.Offers(CpuFeature.ModelSpecificRegisters),
    };

    private static ulong* StorageOf(CpuContext* cpu, uint index) => index switch
    {
        ApicBase => &cpu->State.Msrs.ApicBase,
        SysenterCs => &cpu->State.Msrs.SysenterCs,
        SysenterEsp => &cpu->State.Msrs.SysenterEsp,
        SysenterEip => &cpu->State.Msrs.SysenterEip,
        MiscEnable => &cpu->State.Msrs.MiscEnable,
        Pat => &cpu->State.Msrs.Pat,
        MtrrDefType => &cpu->State.Msrs.MtrrDefType,
        Efer => &cpu->State.Msrs.Efer,
        Star => &cpu->State.Msrs.Star,
        Lstar => &cpu->State.Msrs.Lstar,
        Cstar => &cpu->State.Msrs.Cstar,
        SyscallFlagMask => &cpu->State.Msrs.SyscallFlagMask,
        FsBase => &Segment(cpu, SegmentIndex.Fs)->Base,
        GsBase => &Segment(cpu, SegmentIndex.Gs)->Base,
        KernelGsBase => &cpu->State.Msrs.KernelGsBase,
        TscAux => &cpu->State.Msrs.TscAux,
        _ => null,
    };
}
