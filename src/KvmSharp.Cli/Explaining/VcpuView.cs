using System.Buffers.Binary;
using System.Text.Json.Serialization;

namespace KvmSharp.Cli;

/// <summary>All of a vCPU that an explanation looks at: taken from a machine, kept in a trace.</summary>
internal sealed record VcpuView
{
    private const int SelectorVectorsFirst = 10; // #TS, #NP, #SS and #GP name a selector in their error code
    private const int SelectorVectorsLast = 13;
    private const int PageFault = 14;
    private const int StackBytes = 40; // what IRETQ takes
    private const int OperandBytes = 16;
    private const uint NamesIdt = 2;
    private const uint NamesLdt = 4;
    private const uint ErrorWrite = 2;
    private const uint ErrorUser = 4;
    private const uint ErrorFetch = 16;

    public required GeneralRegisters General { get; init; }

    public required SpecialRegisters Special { get; init; }

    /// <summary>How the code is decoded: 16, 32 or 64.</summary>
    public required int Bits { get; init; }

    /// <summary>The bytes at RIP, at most 15; none when they cannot be read.</summary>
    public required byte[] Code { get; init; }

    /// <summary>The top of the stack; as many bytes as can be read.</summary>
    public byte[]? Stack { get; init; }

    /// <summary>The linear address of the memory operand, if the instruction has one.</summary>
    public ulong? OperandAddress { get; init; }

    /// <summary>The bytes there; as many as can be read.</summary>
    public byte[]? Operand { get; init; }

    /// <summary>For a page fault the walk of its address.</summary>
    public Translation? Walk { get; init; }

    /// <summary>What the walk asked for.</summary>
    public TranslationAccess WalkAccess { get; init; }

    /// <summary>The descriptor that the error code names.</summary>
    public DescriptorRead? Named { get; init; }

    /// <summary>The entry of the IDT or IVT that the event goes through.</summary>
    public DescriptorRead? Gate { get; init; }

    public bool Halted { get; init; }

    /// <summary>Looks at a vCPU that does not run, or is run by the calling thread.</summary>
    public static VcpuView Of(VirtualCpu vcpu, IGuestMemory memory)
    {
        CodePlace place = CodePlace.Of(vcpu, memory);
        var view = new VcpuView
        {
            General = vcpu.GetRegisters() with { Rip = place.InstructionPointer },
            Special = vcpu.GetSpecialRegisters(),
            Bits = place.CodeBits,
            Code = place.Bytes.ToArray(),
            Halted = vcpu.MpState == MpState.Halted,
        };
        ulong? operand = view.Code.Length > 0 && RegisterValues.TryGetOperand(view, InstructionText.Decode(view.Code, view.Bits, view.General.Rip), out ulong linear) ? linear : null;
        ulong top = view.Bits == 64 ? view.General.Rsp : (uint)(view.Special.Ss.Base + (view.Special.Ss.DefaultBig ? (uint)view.General.Rsp : (ushort)view.General.Rsp));
        return view with
        {
            Stack = ReadSome(vcpu, memory, top, StackBytes),
            OperandAddress = operand,
            Operand = operand is { } address ? ReadSome(vcpu, memory, address, OperandBytes) : null,
        };
    }

    /// <summary>Looks at a vCPU that is about to take an exception or interrupt.</summary>
    public static VcpuView Of(VirtualCpu vcpu, IGuestMemory memory, byte vector, uint? error, ulong address)
    {
        VcpuView view = Of(vcpu, memory);
        if (vector == PageFault && error is { } code)
        {
            TranslationAccess access = ((code & ErrorWrite) != 0 ? TranslationAccess.Write : 0)
                | ((code & ErrorUser) != 0 ? TranslationAccess.User : 0)
                | ((code & ErrorFetch) != 0 || view.Code.Length == 0 ? TranslationAccess.Execute : 0);
            view = view with { Walk = vcpu.Translate(address, access), WalkAccess = access };
        }

        return view with
        {
            Named = vector is >= SelectorVectorsFirst and <= SelectorVectorsLast && error is { } named && (named & 0xFFF8) != 0
                ? view.ReadNamed(vcpu, memory, named)
                : null,
            Gate = view.ReadGate(vcpu, memory, vector),
        };
    }

    [JsonIgnore]
    public bool IsReal => (Special.Cr0 & ControlBits.ProtectionEnable) == 0;

    [JsonIgnore]
    public bool IsVirtual8086 => !IsReal && (General.Rflags & ControlBits.Virtual8086) != 0;

    [JsonIgnore]
    public bool IsLong => (Special.Efer & ControlBits.LongModeActive) != 0;

    [JsonIgnore]
    public bool IsPaging => (Special.Cr0 & ControlBits.Paging) != 0;

    [JsonIgnore]
    public int Cpl => IsReal ? 0 : IsVirtual8086 ? 3 : Special.Ss.Dpl;

    /// <summary>The mode in the manual's words.</summary>
    [JsonIgnore]
    public string ModeName => IsReal ? "real mode"
        : IsVirtual8086 ? "virtual-8086 mode"
        : Bits == 64 ? "64-bit mode"
        : IsLong ? $"compatibility mode ({Bits}-bit code)"
        : $"protected mode ({Bits}-bit code)";

    private static byte[] ReadSome(VirtualCpu vcpu, IGuestMemory memory, ulong linear, int most)
    {
        var bytes = new byte[most];
        return bytes[..LinearMemory.Read(vcpu, memory, linear, bytes)];
    }

    private DescriptorRead ReadNamed(VirtualCpu vcpu, IGuestMemory memory, uint error)
    {
        if ((error & NamesIdt) != 0)
        {
            return ReadGate(vcpu, memory, (byte)(error >> 3));
        }

        bool local = (error & NamesLdt) != 0;
        uint offset = error & 0xFFF8;
        ulong table = local ? Special.Ldt.Base : Special.Gdt.Base;
        uint limit = local ? (Special.Ldt.Unusable ? 0 : Special.Ldt.Limit) : Special.Gdt.Limit;
        return DescriptorRead.Read(vcpu, memory, local ? DescriptorTableKind.Ldt : DescriptorTableKind.Gdt, offset / 8, table + offset, offset + 7 <= limit, wide: false);
    }

    private DescriptorRead ReadGate(VirtualCpu vcpu, IGuestMemory memory, byte vector)
    {
        uint size = IsReal ? 4u : IsLong ? 16u : 8u;
        uint offset = vector * size;
        return DescriptorRead.Read(
            vcpu, memory, IsReal ? DescriptorTableKind.Ivt : DescriptorTableKind.Idt, vector, Special.Idt.Base + offset, offset + size - 1 <= Special.Idt.Limit, IsLong);
    }
}

/// <summary>An entry of a descriptor table as it stands in guest memory.</summary>
/// <param name="Table">The table.</param>
/// <param name="Index">The entry's number.</param>
/// <param name="Linear">The linear address of its first byte.</param>
/// <param name="InTable">Whether the table's limit reaches to its end.</param>
/// <param name="Readable">Whether its memory can be read.</param>
/// <param name="Low">Its first 8 bytes.</param>
/// <param name="High">The other 8 of a 16-byte entry.</param>
internal sealed record DescriptorRead(DescriptorTableKind Table, uint Index, ulong Linear, bool InTable, bool Readable, ulong Low, ulong High)
{
    public static DescriptorRead Read(VirtualCpu vcpu, IGuestMemory memory, DescriptorTableKind table, uint index, ulong linear, bool inTable, bool wide)
    {
        var bytes = new byte[wide ? 16 : table == DescriptorTableKind.Ivt ? 4 : 8];
        bool readable = inTable && LinearMemory.TryRead(vcpu, memory, linear, bytes);
        Array.Resize(ref bytes, 16);
        return new DescriptorRead(
            table, index, linear, inTable, readable, BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(8)));
    }
}

internal enum DescriptorTableKind
{
    Gdt,
    Ldt,
    Idt,
    Ivt,
}

/// <summary>Bits that decide over modes. Intel SDM Vol. 3A, "Control Registers".</summary>
internal static class ControlBits
{
    public const ulong ProtectionEnable = 1;
    public const ulong WriteProtect = 1 << 16;
    public const ulong Paging = 1UL << 31;
    public const ulong PhysicalAddressExtension = 1 << 5;
    public const ulong SupervisorExecutionPrevention = 1 << 20;
    public const ulong SupervisorAccessPrevention = 1 << 21;
    public const ulong LongModeActive = 1 << 10;
    public const ulong ExecuteDisableEnable = 1 << 11;
    public const ulong InterruptFlag = 1 << 9;
    public const ulong Virtual8086 = 1 << 17;
    public const ulong AlignmentCheck = 1 << 18;
    public const int IoplShift = 12;
}
