using System.Runtime.CompilerServices;

namespace KvmSharp.Segmentation;

/// <summary>A call, interrupt or trap gate of long mode. Intel SDM Vol. 3A, "64-Bit Mode IDT" and "IA-32e Mode Call Gates".</summary>
/// <remarks>
/// <code>
/// 127     108-104    96 95                                     64
///  reserved  0           offset 63:32
/// 63               48 47 46 45 44 43  40 39   35 34 32
///  offset 31:16        P  DPL   0  type   0       IST
/// 31               16 15                          0
///  selector            offset 15:0
/// </code>
/// </remarks>
/// <param name="Lower">The first eight bytes.</param>
/// <param name="Upper">The other eight.</param>
internal readonly record struct LongGate(ulong Lower, ulong Upper)
{
    private const int InterruptStackMask = 7;

    public Selector Selector => AsGate.Selector;

    public ulong Offset => AsGate.Offset | (Upper << 32);

    public int Dpl => AsGate.Dpl;

    public bool IsPresent => AsGate.IsPresent;

    public SystemType Type => AsGate.Type;

    /// <summary>Gets the IST index of an interrupt or trap gate; 0 for none.</summary>
    public int InterruptStack => (int)(Lower >> 32) & InterruptStackMask;

    public bool MasksInterrupts => AsGate.MasksInterrupts;

    private Gate AsGate => new(Lower);
}

/// <summary>A call, interrupt, trap or task gate. Intel SDM Vol. 3A, "Call Gates", "IDT Descriptors" and "Task-Gate Descriptor".</summary>
/// <remarks>
/// <code>
/// 63               48 47 46 45 44 43  40 39 37 36      32
///  offset 31:16        P  DPL   0  type   0    parameters
/// 31               16 15                                0
///  selector            offset 15:0
/// </code>
/// Parameters count 2-byte or 4-byte units as the type says and belong to call gates; a task gate has no offset, a 16-bit gate no
/// upper offset.
/// </remarks>
/// <param name="Raw">The eight bytes.</param>
internal readonly record struct Gate(ulong Raw)
{
    private const ulong WideType = 1UL << 43;
    private const int ParameterMask = 0x1F;

    public Selector Selector => new((ushort)(Raw >> 16));

    /// <summary>Gets the size of what the gate pushes and of its offset in bytes: 2 or 4.</summary>
    public int Size => (Raw & WideType) != 0 ? 4 : 2;

    public ulong Offset => (Raw & 0xFFFF) | (Size == 4 ? (Raw >> 32) & 0xFFFF_0000 : 0);

    public int ParameterCount => (int)(Raw >> 32) & ParameterMask;

    public int Dpl => new Descriptor(Raw).Dpl;

    public bool IsPresent => new Descriptor(Raw).IsPresent;

    public SystemType Type
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new Descriptor(Raw).SystemType;
    }

    /// <summary>Gets a value indicating whether the handler starts with IF clear.</summary>
    public bool MasksInterrupts => Type is SystemType.InterruptGate16 or SystemType.InterruptGate32;
}
