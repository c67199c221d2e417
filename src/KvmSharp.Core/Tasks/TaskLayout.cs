using KvmSharp.Cpu;

namespace KvmSharp.Tasks;

/// <summary>Where things lie in a task-state segment. Intel SDM Vol. 3A, "Task-State Segment (TSS)" and "16-Bit Task-State Segment".</summary>
/// <remarks>
/// Both formats are a row of fields, four bytes apart in the 32-bit one and two in the 16-bit one:
/// <code>
///          32-bit                                   16-bit
///  0       previous task link                       previous task link
///  1..6    ESP0 SS0 ESP1 SS1 ESP2 SS2               SP0 SS0 SP1 SS1 SP2 SS2
///  7       CR3                                      -
///  8 / 7   EIP                                      IP
///  9 / 8   EFLAGS                                   FLAGS
///  +8      EAX ECX EDX EBX ESP EBP ESI EDI          AX CX DX BX SP BP SI DI
///  +6 / 4  ES CS SS DS FS GS                        ES CS SS DS
///  +1      LDT                                      LDT
///  64h     T flag (bit 0)                           -
///  66h     I/O map base                             -
/// </code>
/// </remarks>
/// <param name="IsWide">Whether it is a 32-bit TSS.</param>
internal readonly record struct TaskLayout(bool IsWide)
{
    /// <summary>Offset of the T flag in a 32-bit TSS.</summary>
    public const uint DebugTrapOffset = 0x64;

    /// <summary>Offset of the I/O map base in a 32-bit TSS.</summary>
    public const uint IoMapBaseOffset = 0x66;

    /// <summary>Offset of the CR3 field in a 32-bit TSS.</summary>
    public const uint Cr3Offset = 0x1C;

    /// <summary>The smallest limit with which a 32-bit TSS holds all its fixed fields.</summary>
    public const uint WideMinimumLimit = 0x67;

    private const int WideBit = 8;
    private const uint NarrowMinimumLimit = 0x2B;
    private const int WideIpField = 8;
    private const int NarrowIpField = 7;
    private const int Generals = 8;

    /// <summary>Gets the size of a field in bytes.</summary>
    public int FieldSize => IsWide ? 4 : 2;

    public uint MinimumLimit => IsWide ? WideMinimumLimit : NarrowMinimumLimit;

    /// <summary>Gets the number of segment registers: a 16-bit TSS knows no FS and GS.</summary>
    public int Segments => IsWide ? 6 : 4;

    public uint IpOffset => FieldOffset(IsWide ? WideIpField : NarrowIpField);

    public uint FlagsOffset => IpOffset + (uint)FieldSize;

    public uint LdtOffset => SegmentOffset(Segments);

    /// <summary>Gives the layout that a TSS type stands for.</summary>
    /// <param name="attributes">Attributes of a TSS descriptor or of TR.</param>
    /// <returns>The layout.</returns>
    public static TaskLayout Of(ushort attributes) => new((attributes & WideBit) != 0);

    /// <summary>Gives the layout of the present task.</summary>
    /// <param name="state">The processor's state.</param>
    /// <returns>The layout.</returns>
    public static TaskLayout OfPresentTask(in CpuState state) => Of(state.Segments[(int)SegmentIndex.Tr].Attributes);

    public uint GeneralOffset(int number) => FlagsOffset + (uint)((number + 1) * FieldSize);

    public uint SegmentOffset(int number) => GeneralOffset(Generals) + (uint)(number * FieldSize);

    /// <summary>Gives the offset of the stack pointer for a privilege level; the selector is one field behind it.</summary>
    /// <param name="privilege">0, 1 or 2.</param>
    /// <returns>The offset.</returns>
    public uint StackOffset(int privilege) => FieldOffset(1 + (2 * privilege));

    private uint FieldOffset(int field) => (uint)(field * FieldSize);
}
