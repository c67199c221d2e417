using KvmSharp.Cpu;

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

    private const ulong ApicBootProcessor = 1 << 8;
    private const ulong ApicWritable = 0xF_FFFF_F800; // global enable and a 36-bit page address
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

        ulong* place = PlaceOf(cpu, index);
        if (place == null || !IsAcceptable(index, value))
        {
            return false;
        }

        // The bootstrap-processor bit belongs to the hardware.
        *place = index == ApicBase ? (value & ~ApicBootProcessor) | (*place & ApicBootProcessor) : value;
        return true;
    }

    /// <summary>Tests whether a register takes a value.</summary>
    /// <param name="index">A register that exists.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether no reserved bit is set.</returns>
    public static bool IsAcceptable(uint index, ulong value) => index switch
    {
        ApicBase => (value & ~(ApicWritable | ApicBootProcessor)) == 0,
        SysenterCs or SysenterEsp or SysenterEip => value <= uint.MaxValue,
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

    private static ulong* PlaceOf(CpuContext* cpu, uint index) => index switch
    {
        ApicBase => &cpu->State.Msrs.ApicBase,
        SysenterCs => &cpu->State.Msrs.SysenterCs,
        SysenterEsp => &cpu->State.Msrs.SysenterEsp,
        SysenterEip => &cpu->State.Msrs.SysenterEip,
        MiscEnable => &cpu->State.Msrs.MiscEnable,
        Pat => &cpu->State.Msrs.Pat,
        MtrrDefType => &cpu->State.Msrs.MtrrDefType,
        _ => null,
    };
}
