using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Lockstep;

/// <summary>A small machine for compared programs: one mode, data, a stack, and handlers that go on behind whatever faulted.</summary>
/// <remarks>
/// Linear addresses; offsets in CS and DS are smaller by <see cref="CodeBase"/> and <see cref="DataBaseOf"/>.
/// <code>
/// 00000  IVT                    08000  data, four pages; with paging 0A000 is read-only and 0B000 missing
/// 01000  code                   0C000  where faults go on, counters
/// 05000  handlers               0F000  top of the stack
/// 06000  GDT                    10000  page tables
/// 06800  IDT                    40000  end of RAM; with paging everything again from 400000 on
/// </code>
/// </remarks>
internal sealed class LockstepGuest
{
    public const uint Code = 0x1000;
    public const uint Data = 0x8000;
    public const uint ReadOnlyPage = 0xA000;
    public const uint MissingPage = 0xB000;
    public const uint Alias = 0x40_0000;
    public const uint Resume = 0xC000;
    public const uint Counters = 0xC010;
    public const byte SoftwareInterrupt = 0x30;
    public const uint FsLimit = 0x9FFF;

    private const uint Stack = 0xF000;
    private const uint Handlers = 0x5000;
    private const uint HandlerBytes = 0x40;
    private const uint Gdt = 0x6000;
    private const uint Idt = 0x6800;
    private const uint Tables = 0x1_0000;
    private const ulong VectorBits = 0x600; // CR4.OSFXSR, OSXMMEXCPT
    private const int Vectors = SoftwareInterrupt + 1;

    public LockstepGuest(EngineKind engine, ProgramMode mode)
    {
        Mode = mode;
        Machine = Kvm.Open().CreateVm();
        Machine.Engine = engine;
        Machine.SetUserMemoryRegion(new MemorySlot(0, 0, 0x4_0000));
        Machine.ExitHandler = new Ports();
        Cpu = Machine.CreateVcpu(0);
        WriteTables();
        WriteHandlers();
        Start();
    }

    public ProgramMode Mode { get; }

    public VirtualMachine Machine { get; }

    public VirtualCpu Cpu { get; }

    public int Bits => BitsOf(Mode);

    public uint CodeBase => CodeBaseOf(Mode);

    public static int BitsOf(ProgramMode mode) => mode switch { ProgramMode.Real16 => 16, ProgramMode.Long64 => 64, _ => 32 };

    public static bool IsPaged(ProgramMode mode) => mode is ProgramMode.Paged32 or ProgramMode.Long64;

    public static uint CodeBaseOf(ProgramMode mode) => mode switch { ProgramMode.Real16 => 0x100u, ProgramMode.Segmented32 => 0x830u, _ => 0 };

    /// <summary>Gets where DS and ES begin; not on a page, so that offsets and linear addresses cross pages at different places.</summary>
    public static uint DataBaseOf(ProgramMode mode) => mode switch { ProgramMode.Real16 => 0x2010u, ProgramMode.Segmented32 => 0x1234u, _ => 0 };

    public LockstepGuest Load(Action<Assembler> code)
    {
        Machine.Memory.Write(Code, TestMachine.Assemble(Bits, Code - CodeBase, code));
        return this;
    }

    private void Start()
    {
        SegmentRegister code = Mode switch
        {
            ProgramMode.Real16 => SegmentRegister.RealMode((ushort)(CodeBase >> 4)),
            ProgramMode.Long64 => SegmentRegister.FlatCode64(8),
            _ => SegmentRegister.FlatCode32(8) with { Base = CodeBase },
        };
        uint dataBase = DataBaseOf(Mode);
        SegmentRegister data = Mode == ProgramMode.Real16 ? SegmentRegister.RealMode((ushort)(dataBase >> 4)) : SegmentRegister.FlatData32(0x10) with { Base = dataBase };
        SegmentRegister stack = Mode == ProgramMode.Real16 ? SegmentRegister.RealMode(0) : SegmentRegister.FlatData32(0x18);
        bool isPaged = IsPaged(Mode);
        Cpu.SetSpecialRegisters(Cpu.GetSpecialRegisters() with
        {
            Cs = code,
            Ds = data,
            Es = data,
            Fs = Mode == ProgramMode.Segmented32 ? data with { Selector = 0x20, Limit = FsLimit, Granularity = false } : data,
            Gs = data,
            Ss = stack,
            Cr0 = Mode == ProgramMode.Real16 ? 0x30 : isPaged ? 0x8001_0031UL : 0x31,
            Cr3 = Tables,
            Cr4 = VectorBits | (Mode == ProgramMode.Long64 ? 0x20UL : 0),
            Efer = Mode == ProgramMode.Long64 ? 0x500UL : 0,
            Gdt = new DescriptorTable(Gdt, 0xFF),
            Idt = Mode == ProgramMode.Real16 ? new DescriptorTable(0, 0x3FF) : new DescriptorTable(Idt, 0x7FF),
        });
        Cpu.SetRegisters(new GeneralRegisters { Rip = Code - CodeBase, Rsp = Stack, Rflags = 2 });
    }

    private void WriteTables()
    {
        ulong flags = Mode == ProgramMode.Long64 ? 0x00AF_9B00_0000_FFFFUL : 0x00CF_9B00_0000_FFFFUL;
        Machine.Memory.Write(Gdt + 8, flags | ((ulong)CodeBase << 16));
        Machine.Memory.Write(Gdt + 0x10, 0x00CF_9300_0000_FFFFUL | ((ulong)DataBaseOf(Mode) << 16));
        Machine.Memory.Write(Gdt + 0x18, 0x00CF_9300_0000_FFFFUL);
        if (Mode == ProgramMode.Long64)
        {
            Machine.Memory.Write(Tables, Tables + 0x1003UL);
            Machine.Memory.Write(Tables + 0x1000, Tables + 0x2003UL);
            Machine.Memory.Write(Tables + 0x2000, Tables + 0x3003UL);
            Machine.Memory.Write(Tables + 0x2010, Tables + 0x3003UL); // 2 MiB each: the alias is the third
            WritePages(Tables + 0x3000, sizeof(ulong));
        }
        else if (Mode == ProgramMode.Paged32)
        {
            Machine.Memory.Write(Tables, Tables + 0x1003);
            Machine.Memory.Write(Tables + 4, Tables + 0x1003);
            WritePages(Tables + 0x1000, sizeof(uint));
        }
    }

    private void WritePages(uint table, uint entryBytes)
    {
        const uint PresentWritable = 3;
        const uint Present = 1;
        for (uint page = 0; page < 0x4_0000; page += 0x1000)
        {
            uint rights = page switch { ReadOnlyPage => Present, MissingPage => 0, _ => PresentWritable };
            Machine.Memory.Write(table + (page / 0x1000 * entryBytes), page | rights);
        }
    }

    private void WriteHandlers()
    {
        for (int vector = 0; vector < Vectors; vector++)
        {
            uint at = Handlers + ((uint)vector * HandlerBytes);
            bool hasErrorCode = Mode != ProgramMode.Real16 && vector is 8 or (>= 10 and <= 14) or 17;
            Machine.Memory.Write(at, TestMachine.Assemble(Bits, at - CodeBase, c => Handle(c, vector, hasErrorCode && Mode != ProgramMode.Real16)));
            WriteGate(vector, at - CodeBase);
        }
    }

    private void WriteGate(int vector, uint offset)
    {
        if (Mode == ProgramMode.Real16)
        {
            Machine.Memory.Write((ulong)vector * 4, offset | (CodeBase >> 4 << 16));
            return;
        }

        Machine.Memory.Write(Idt + ((ulong)vector * (Bits == 64 ? 16UL : 8)), (offset & 0xFFFF) | (8UL << 16) | (0x8E00UL << 32));
    }

    // INT counts; a fault goes on where the program has said before.
    private void Handle(Assembler c, int vector, bool hasErrorCode)
    {
        uint dataBase = DataBaseOf(Mode);
        if (vector == SoftwareInterrupt)
        {
            c.inc(__dword_ptr[Counters + 0x20 - dataBase]);
            Return(c);
            return;
        }

        switch (Bits)
        {
            case 16:
                c.push(bp);
                c.push(ax);
                c.mov(bp, sp);
                c.mov(ax, __[Resume - dataBase]);
                c.mov(__[bp + 4], ax);
                c.pop(ax);
                c.pop(bp);
                break;
            case 32:
                c.lea(esp, __[esp + (hasErrorCode ? 4 : 0)]);
                c.push(eax);
                c.mov(eax, __[Resume - dataBase]);
                c.mov(__dword_ptr[esp + 4], eax);
                c.pop(eax);
                break;
            default:
                c.lea(rsp, __[rsp + (hasErrorCode ? 8 : 0)]);
                c.push(rax);
                c.mov(eax, __dword_ptr[Resume]);
                c.mov(__qword_ptr[rsp + 8], rax);
                c.pop(rax);
                break;
        }

        Return(c);
    }

    private void Return(Assembler c)
    {
        switch (Bits)
        {
            case 16:
                c.iret();
                break;
            case 32:
                c.iretd();
                break;
            default:
                c.iretq();
                break;
        }
    }

    /// <summary>Answers port reads with what follows from their number; both machines see the same.</summary>
    private sealed class Ports : IExitHandler
    {
        private byte _next;

        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            if (vmExit.Direction == ExitDirection.Read)
            {
                data.Fill(_next += 0x35);
            }

            return true;
        }
    }
}
