using KvmSharp.Cpu;

namespace KvmSharp.Conformance.Replay;

/// <summary>The operating system that user-mode records need: page tables, GDT, LDT, IDT, a TSS with a stack for the handlers.</summary>
/// <remarks>
/// Every gate leads to its own address, so that RIP tells the vector behind an exception, and the frame tells what the handler
/// would see. Nothing runs there: the replay stops before the first instruction of a handler. The tables lie at linear addresses that
/// records do not use, for supervisor accesses only.
/// </remarks>
internal sealed class ProtectedSystem
{
    public const ulong CodeWindow = 0x2_0000;
    public const ulong CodeWindowSize = 0x1000;
    public const ulong DataWindow = 0x3_0000;
    public const ulong DataWindowSize = 0x1_8000;
    public const ulong ReadOnlyPage = 0x5_0000;
    public const ulong ReadOnlyPageSize = 0x1000;

    private const ulong Area = 0xB6E5_A000; // linear
    private const ulong AreaSize = 5 * Page;
    private const ulong Page = 0x1000;
    private const ulong GdtOffset = 0;
    private const ulong TssOffset = 0x800;
    private const ulong IdtOffset = Page;
    private const ulong LdtOffset = 2 * Page;
    private const ulong StackEnd = (5 * Page) - 16; // two pages of stack
    private const ulong Handlers = Area + AreaSize;
    private const int Vectors = 256;

    private const ushort KernelCode32 = 0x08;
    private const ushort KernelData = 0x10;
    private const ushort KernelCode64 = 0x18;
    private const ushort TssSelector = 0x38;
    private const ushort LdtSelector = 0x48;
    private const ushort GdtLimit = 0x57;
    private const ushort TssLimit = 0x67; // no I/O permission bitmap
    private const byte LdtType = 2;
    private const byte BusyTssType = 0xB;

    private const ulong LongModeEnable = 1 << 8;
    private const ulong LongModeActive = 1 << 10;
    private const ulong FxsaveAndSse = 1 << 9;
    private const ulong SimdExceptions = 1 << 10;
    private const ulong UserModeInstructionPrevention = 1 << 11;

    private readonly GuestMemory _memory;
    private readonly SiliconMeta _meta;
    private readonly bool _isLong;
    private readonly ulong _physical;
    private readonly PageTables _tables;
    private readonly SpecialRegisters _base;

    /// <summary>Builds the tables in guest memory.</summary>
    /// <param name="memory">The guest's memory; the windows lie at the same physical as linear addresses.</param>
    /// <param name="meta">The descriptors.</param>
    /// <param name="allocate">Gives the guest-physical address of one more zeroed page, the next one each time.</param>
    /// <param name="isLong">Whether for 64-bit mode, else for legacy protected mode.</param>
    public ProtectedSystem(GuestMemory memory, SiliconMeta meta, Func<ulong> allocate, bool isLong)
    {
        _memory = memory;
        _meta = meta;
        _isLong = isLong;
        _physical = allocate();
        for (ulong more = Page; more < AreaSize; more += Page)
        {
            allocate();
        }

        _tables = new PageTables(memory, allocate, isLong ? 4 : 2);
        _tables.Map(CodeWindow, CodeWindow, CodeWindowSize, writable: false, user: true);
        _tables.Map(DataWindow, DataWindow, DataWindowSize, writable: true, user: true);
        _tables.Map(ReadOnlyPage, ReadOnlyPage, ReadOnlyPageSize, writable: false, user: true);
        _tables.Map(Area, _physical, AreaSize, writable: true, user: false);
        _base = MakeBase(_tables.Root);
        WriteDescriptors();
        WriteGates();
        WriteTaskState();
    }

    /// <summary>Puts a HLT at each handler, so that a run that is longer than one instruction ends there.</summary>
    /// <param name="allocate">Gives the guest-physical address of one more zeroed page.</param>
    public void HaltInHandlers(Func<ulong> allocate)
    {
        const byte Hlt = 0xF4;
        ulong page = allocate();
        var halts = new byte[Vectors];
        Array.Fill(halts, Hlt);
        _memory.Write(page, halts);
        _tables.Map(Handlers, page, Page, writable: false, user: false);
    }

    /// <summary>Gets the number of bytes that a handler's frame has for each item.</summary>
    public int FrameItemBytes => _isLong ? sizeof(ulong) : sizeof(uint);

    /// <summary>Gives the special registers for a record.</summary>
    /// <param name="selectors">ES, CS, SS, DS, FS, GS.</param>
    /// <returns>The registers, with the hidden parts that loading the selectors gives.</returns>
    public SpecialRegisters RegistersFor(ReadOnlySpan<ulong> selectors)
    {
        SegmentRegister fs = _meta.Load((ushort)selectors[4]);
        SegmentRegister gs = _meta.Load((ushort)selectors[5]);
        return _base with
        {
            Es = _meta.Load((ushort)selectors[0]),
            Cs = _meta.Load((ushort)selectors[1]),
            Ss = _meta.Load((ushort)selectors[2]),
            Ds = _meta.Load((ushort)selectors[3]),
            Fs = _isLong ? fs with { Base = _meta.LongModeFsBase } : fs,
            Gs = _isLong ? gs with { Base = _meta.LongModeGsBase } : gs,
        };
    }

    /// <summary>Tells which handler RIP is at.</summary>
    /// <param name="rip">RIP.</param>
    /// <param name="vector">Its vector.</param>
    /// <returns>Whether it is at one.</returns>
    public static bool IsHandler(ulong rip, out int vector)
    {
        vector = (int)(rip - Handlers);
        return rip - Handlers < Vectors;
    }

    /// <summary>Reads what was pushed for a handler.</summary>
    /// <param name="rsp">RSP at its entry.</param>
    /// <param name="items">Receives the items, last pushed first.</param>
    /// <returns>Whether RSP is that of a frame of this size.</returns>
    public bool TryReadFrame(ulong rsp, Span<ulong> items)
    {
        ulong offset = rsp - Area;
        if (offset + (ulong)(items.Length * FrameItemBytes) != StackEnd)
        {
            return false;
        }

        for (int i = 0; i < items.Length; i++)
        {
            ulong place = _physical + offset + (ulong)(i * FrameItemBytes);
            items[i] = _isLong ? _memory.Read<ulong>(place) : _memory.Read<uint>(place);
        }

        return true;
    }

    private SpecialRegisters MakeBase(ulong root) => new()
    {
        Gdt = new DescriptorTable(Area + GdtOffset, GdtLimit),
        Idt = new DescriptorTable(Area + IdtOffset, (ushort)((Vectors * (_isLong ? 16 : 8)) - 1)),
        Ldt = new SegmentRegister { Selector = LdtSelector, Base = Area + LdtOffset, Limit = _meta.LdtLimit, Type = LdtType, Present = true },
        Tr = new SegmentRegister { Selector = TssSelector, Base = Area + TssOffset, Limit = TssLimit, Type = BusyTssType, Present = true },
        Cr0 = Cr0.ProtectionEnable | Cr0.Paging | Cr0.AlignmentMask | Cr0.NumericError | Cr0.WriteProtect | Cr0.MonitorCoprocessor,
        Cr3 = root,
        Cr4 = FxsaveAndSse | SimdExceptions | UserModeInstructionPrevention
            | (_isLong ? Cr4.PhysicalAddressExtension : 0),
        Efer = _isLong ? LongModeEnable | LongModeActive : 0,
    };

    private void WriteDescriptors()
    {
        SegmentRegister data = SegmentRegister.FlatData32(KernelData);
        SegmentRegister code = SegmentRegister.FlatCode32(KernelCode32);
        WriteDescriptor(code);
        WriteDescriptor(data);
        WriteDescriptor(code with { Selector = KernelCode64, LongMode = true, DefaultBig = false });
        WriteDescriptor(_base.Tr);
        WriteDescriptor(_base.Ldt);
        foreach (SegmentRegister descriptor in _meta.Descriptors.Values)
        {
            WriteDescriptor(descriptor);
        }
    }

    // The upper halves of 16-byte system descriptors hold zeros: everything lies below 4 GiB.
    private void WriteDescriptor(in SegmentRegister descriptor)
    {
        ulong table = (descriptor.Selector & 4) != 0 ? LdtOffset : GdtOffset;
        _memory.Write(_physical + table + (descriptor.Selector & ~7u), DescriptorBits.Of(descriptor));
    }

    // As under Linux, whose INT 3 and INT 4 the records have: only #BP and #OF may be asked for at CPL 3.
    private void WriteGates()
    {
        ushort selector = _isLong ? KernelCode64 : KernelCode32;
        for (uint vector = 0; vector < Vectors; vector++)
        {
            int dpl = (Vector)vector is Vector.Breakpoint or Vector.Overflow ? 3 : 0;
            ulong place = _physical + IdtOffset + (vector * (_isLong ? 16u : 8u));
            _memory.Write(place, DescriptorBits.InterruptGate(selector, Handlers + vector, dpl));
        }
    }

    private void WriteTaskState()
    {
        ulong tss = _physical + TssOffset;
        if (_isLong)
        {
            _memory.Write(tss + 4, Area + StackEnd);
        }
        else
        {
            _memory.Write(tss + 4, (uint)(Area + StackEnd));
            _memory.Write(tss + 8, (uint)KernelData);
        }

        _memory.Write(tss + 0x66, TssLimit + 1);
    }
}
