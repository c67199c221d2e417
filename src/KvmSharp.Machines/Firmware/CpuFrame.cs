using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>The caller's registers as the ROM has pushed them on its stack. What a service changes here, the caller finds in its registers.</summary>
/// <remarks>The layout is that of the comment at the top of <c>rom.asm</c>. Every service of the firmware has one frame at a time.</remarks>
internal sealed class CpuFrame
{
    private const int Edi = 0;
    private const int Esi = 4;
    private const int Ebp = 8;
    private const int EbxAt = 16;
    private const int EdxAt = 20;
    private const int EcxAt = 24;
    private const int EaxAt = 28;
    private const int EsAt = 32;
    private const int DsAt = 34;
    private const int NumberAt = 36;
    private const int WaitAt = 37;
    private const int IpAt = 38;
    private const int CsAt = 40;
    private const int FlagsAt = 42;
    private const int Size = 44;

    private const ushort CarryFlag = 0x0001;
    private const ushort ZeroFlag = 0x0040;
    private const ushort InterruptFlag = 0x0200;

    private readonly byte[] _bytes = new byte[Size];

    /// <summary>Gets the service's number: that of the interrupt, or one of the ROM's own.</summary>
    public byte Number => _bytes[NumberAt];

    public uint Eax { get => Get32(EaxAt); set => Set32(EaxAt, value); }

    public uint Ebx { get => Get32(EbxAt); set => Set32(EbxAt, value); }

    public uint Ecx { get => Get32(EcxAt); set => Set32(EcxAt, value); }

    public uint Edx { get => Get32(EdxAt); set => Set32(EdxAt, value); }

    public ushort Ax { get => Get16(EaxAt); set => Set16(EaxAt, value); }

    public ushort Bx { get => Get16(EbxAt); set => Set16(EbxAt, value); }

    public ushort Cx { get => Get16(EcxAt); set => Set16(EcxAt, value); }

    public ushort Dx { get => Get16(EdxAt); set => Set16(EdxAt, value); }

    public ushort Si { get => Get16(Esi); set => Set16(Esi, value); }

    public ushort Di { get => Get16(Edi); set => Set16(Edi, value); }

    public uint FullDi { get => Get32(Edi); set => Set32(Edi, value); }

    public ushort Bp { get => Get16(Ebp); set => Set16(Ebp, value); }

    public byte Al { get => _bytes[EaxAt]; set => _bytes[EaxAt] = value; }

    public byte Ah { get => _bytes[EaxAt + 1]; set => _bytes[EaxAt + 1] = value; }

    public byte Bl { get => _bytes[EbxAt]; set => _bytes[EbxAt] = value; }

    public byte Bh { get => _bytes[EbxAt + 1]; set => _bytes[EbxAt + 1] = value; }

    public byte Cl { get => _bytes[EcxAt]; set => _bytes[EcxAt] = value; }

    public byte Ch { get => _bytes[EcxAt + 1]; set => _bytes[EcxAt + 1] = value; }

    public byte Dl { get => _bytes[EdxAt]; set => _bytes[EdxAt] = value; }

    public byte Dh { get => _bytes[EdxAt + 1]; set => _bytes[EdxAt + 1] = value; }

    public ushort Es { get => Get16(EsAt); set => Set16(EsAt, value); }

    public ushort Ds { get => Get16(DsAt); set => Set16(DsAt, value); }

    public FarPointer ReturnTo
    {
        get => new(Get16(CsAt), Get16(IpAt));
        set
        {
            Set16(CsAt, value.Segment);
            Set16(IpAt, value.Offset);
        }
    }

    public FarPointer EsBx => new(Es, Bx);

    public FarPointer EsDi => new(Es, Di);

    public FarPointer DsSi => new(Ds, Si);

    /// <summary>Gets or sets CF as the caller will find it: most services report failure in it.</summary>
    public bool Carry { get => HasFlag(CarryFlag); set => SetFlag(CarryFlag, value); }

    /// <summary>Sets ZF as the caller will find it.</summary>
    public bool Zero { get => HasFlag(ZeroFlag); set => SetFlag(ZeroFlag, value); }

    /// <summary>Sets IF as the caller will find it.</summary>
    public bool InterruptsOn { get => HasFlag(InterruptFlag); set => SetFlag(InterruptFlag, value); }

    /// <summary>Makes the ROM wait for an interrupt and then call the service again, with the same registers unless it has changed them.</summary>
    public bool Wait { get => _bytes[WaitAt] != 0; set => _bytes[WaitAt] = value ? (byte)1 : (byte)0; }

    /// <summary>Takes the registers from the stack.</summary>
    /// <param name="memory">Guest memory.</param>
    /// <param name="stack">SS:SP.</param>
    /// <returns>False when there is no memory: whoever wrote to the port was not the ROM.</returns>
    public bool TryLoad(IGuestMemory memory, FarPointer stack)
    {
        bool loaded = memory.TryRead(stack.Linear, _bytes);
        _bytes[WaitAt] = 0;
        return loaded;
    }

    /// <summary>Puts the registers back on the stack.</summary>
    public void Store(IGuestMemory memory, FarPointer stack) => memory.TryWrite(stack.Linear, _bytes);

    private ushort Get16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private void Set16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(at), value);

    private uint Get32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_bytes.AsSpan(at));

    private void Set32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_bytes.AsSpan(at), value);

    private bool HasFlag(ushort flag) => (Get16(FlagsAt) & flag) != 0;

    private void SetFlag(ushort flag, bool value) => Set16(FlagsAt, (ushort)(value ? Get16(FlagsAt) | flag : Get16(FlagsAt) & ~flag));
}
