using KvmSharp.Cpu;

namespace KvmSharp.Segmentation;

/// <summary>A segment or system descriptor of the GDT or LDT. Intel SDM Vol. 3A, "Segment Descriptors" and "System Descriptor Types".</summary>
/// <remarks>
/// <code>
/// 63      56 55 54 53 52  51     48 47 46 45 44 43  40 39     32
///  base 31:24 G  DB L AVL  limit 19:16 P  DPL   S  type  base 23:16
/// 31                    16 15                     0
///  base 15:0               limit 15:0
/// </code>
/// Gates use other fields at the same places: <see cref="Gate"/>.
/// </remarks>
/// <param name="Raw">The eight bytes.</param>
internal readonly record struct Descriptor(ulong Raw)
{
    /// <summary>The byte that holds P, DPL, S and the type.</summary>
    public const int TypeByte = 5;

    /// <summary>The accessed bit in <see cref="TypeByte"/>.</summary>
    public const byte AccessedBit = 1;

    /// <summary>The busy bit of a TSS descriptor in <see cref="TypeByte"/>.</summary>
    public const byte BusyBit = 2;

    private const int AttributesShift = 40;
    private const ushort AttributesMask = 0xF0FF;

    /// <summary>Gets the bits 63:40 in the layout of <see cref="SegmentCache.Attributes"/>.</summary>
    public ushort Attributes => (ushort)((Raw >> AttributesShift) & AttributesMask);

    public int Type => Attributes & SegmentCache.TypeMask;

    public int Dpl => (Attributes & SegmentCache.DplMask) >> SegmentCache.DplShift;

    public bool IsPresent => (Attributes & SegmentCache.PresentBit) != 0;

    /// <summary>Gets a value indicating whether it describes code or data (S is 1), not a system object.</summary>
    public bool IsCodeOrData => (Attributes & SegmentCache.CodeOrData) != 0;

    public bool IsCode => IsCodeOrData && (Attributes & SegmentCache.Executable) != 0;

    public bool IsConforming => IsCode && (Attributes & SegmentCache.ExpandDownOrConforming) != 0;

    public bool IsWritableData => IsCodeOrData && !IsCode && (Attributes & SegmentCache.WritableOrReadable) != 0;

    public bool IsReadable => IsCodeOrData && (!IsCode || (Attributes & SegmentCache.WritableOrReadable) != 0);

    public bool IsAccessed => (Attributes & SegmentCache.Accessed) != 0;

    /// <summary>Gets the type of a system descriptor; <see cref="SystemType.None"/> for code and data.</summary>
    public SystemType SystemType => IsCodeOrData ? SystemType.None : (SystemType)Type;

    public ulong Base => ((Raw >> 16) & 0xFF_FFFF) | ((Raw >> 32) & 0xFF00_0000);

    /// <summary>Gets the limit in bytes: with G set, the field counts 4 KiB units and the low 12 bits are ones.</summary>
    public uint Limit
    {
        get
        {
            uint units = (uint)((Raw & 0xFFFF) | ((Raw >> 32) & 0xF_0000));
            return (Attributes & SegmentCache.Granularity) != 0 ? (units << 12) | 0xFFF : units;
        }
    }

    public bool IsLong => (Attributes & SegmentCache.Long) != 0;

    public bool IsBig => (Attributes & SegmentCache.Big) != 0;

    public Gate AsGate => new(Raw);

    /// <summary>Gives what the hidden part of a segment register becomes.</summary>
    /// <param name="selector">The selector, with the RPL that the register is to show.</param>
    /// <returns>The register.</returns>
    public SegmentCache ToCache(Selector selector) => new()
    {
        Base = Base,
        Limit = Limit,
        Selector = selector.Value,
        Attributes = IsCodeOrData ? (ushort)(Attributes | SegmentCache.Accessed) : Attributes,
    };

    /// <summary>Tests whether a program may use this segment: conforming code always, the rest when neither CPL nor RPL exceed DPL.</summary>
    /// <param name="cpl">The privilege of the program.</param>
    /// <param name="rpl">The RPL of the selector it came with.</param>
    /// <returns>Whether it may.</returns>
    public bool IsVisibleTo(int cpl, int rpl) => IsConforming || (cpl <= Dpl && rpl <= Dpl);
}

/// <summary>Types of system descriptors. In long mode only 2, 9, 11, 12, 14 and 15 exist; a TSS is a 64-bit one and gates lead to 64-bit code. Intel SDM Vol. 3A, "System-Segment and Gate-Descriptor Types".</summary>
internal enum SystemType
{
    /// <summary>Reserved; also what a code or data segment answers.</summary>
    None = 0,
    AvailableTss16 = 1,
    Ldt = 2,
    BusyTss16 = 3,
    CallGate16 = 4,
    TaskGate = 5,
    InterruptGate16 = 6,
    TrapGate16 = 7,
    AvailableTss32 = 9,
    BusyTss32 = 11,
    CallGate32 = 12,
    InterruptGate32 = 14,
    TrapGate32 = 15,
}
