namespace KvmSharp.Tests.Engine.RandomCode;

/// <summary>A small machine that is put into a random state of one mode, with tables that are mostly sound.</summary>
/// <remarks>
/// <code>
/// 00000  IVT, or noise          0A000  TSS
/// 01000  code, two pages        10000  top page table, then the others
/// 08000  GDT                    40000  end of RAM
/// 09000  IDT
/// </code>
/// </remarks>
internal sealed class RandomCodeGuest : IDisposable
{
    public const ulong RamSize = 0x4_0000;
    private const int StreamsPerTables = 8;
    private const ulong Gdt = 0x8000;
    private const ulong Idt = 0x9000;
    private const ulong Tss = 0xA000;
    private const ulong Tables = 0x1_0000;
    private const ulong VectorBits = 0x4_0600; // CR4.OSFXSR, OSXMMEXCPT, OSXSAVE
    private const ulong LongModeBits = 0xD01; // EFER.SCE, LME, LMA, NXE

    private readonly RandomMode _mode;
    private readonly Random _random;
    private readonly RandomInstructions _instructions;
    private readonly Kvm _kvm = Kvm.Open();

    public RandomCodeGuest(RandomMode mode, Random random)
    {
        _mode = mode;
        _random = random;
        _instructions = new RandomInstructions(random);
        Vm = _kvm.CreateVm();
        Vm.SetUserMemoryRegion(new MemorySlot(0, 0, RamSize));
        Vm.ExitHandler = new Answers(random);
        Cpu = Vm.CreateVcpu(0);
    }

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    /// <summary>Gets the code of the present stream.</summary>
    public byte[] Code { get; } = new byte[0x1000];

    private bool IsProtected => _mode != RandomMode.Real16;

    private bool IsLong => _mode is RandomMode.Long64 or RandomMode.Compatible32;

    private int Bits => _mode switch
    {
        RandomMode.Real16 or RandomMode.Protected16 => 16,
        RandomMode.Long64 => 64,
        _ => 32,
    };

    /// <summary>Makes the next stream and the state to run it in.</summary>
    /// <param name="stream">Its number.</param>
    public void Prepare(int stream)
    {
        _instructions.Fill(Code, Bits);
        ulong at = _random.Next(4) == 0 ? 0x1000UL : 0x2000UL; // sometimes where code ran just before
        Vm.Memory.Write(at, Code);
        if (_random.Next(4) == 0)
        {
            Vm.Memory.Write(0, Code); // interrupt vectors, or tables, of noise
        }

        if (IsProtected && stream % StreamsPerTables == 0)
        {
            WriteTables();
        }

        Cpu.Reset();
        SetSpecial();
        SetVectors();
        Cpu.SetRegisters(new GeneralRegisters
        {
            Rax = Value(),
            Rcx = Value(),
            Rdx = Value(),
            Rbx = Value(),
            Rsp = Value(),
            Rbp = Value(),
            Rsi = Value(),
            Rdi = Value(),
            R8 = Value(),
            R9 = Value(),
            R10 = Value(),
            R11 = Value(),
            R12 = Value(),
            R13 = Value(),
            R14 = Value(),
            R15 = Value(),
            Rip = at + (ulong)_random.Next(4) * 0x3FFUL,
            Rflags = (ulong)_random.Next() & 0x7FD7,
        });
    }

    public void Dispose()
    {
        Vm.Dispose();
        _kvm.Dispose();
    }

    private void SetSpecial()
    {
        byte dpl = (byte)(IsProtected && _random.Next(4) == 0 ? 3 : 0);
        SegmentRegister data = (IsProtected ? SegmentRegister.FlatData32(16) : SegmentRegister.RealMode((ushort)_random.Next(0x10000)))
            with
        { DefaultBig = Bits != 16, Dpl = dpl };
        SegmentRegister code = _mode switch
        {
            RandomMode.Real16 => SegmentRegister.RealMode(0),
            RandomMode.Long64 => SegmentRegister.FlatCode64(8),
            _ => SegmentRegister.FlatCode32(8) with { DefaultBig = Bits == 32 },
        };
        bool hasIdt = _random.Next(4) != 0;
        ushort idtLimit = (ushort)((IsLong ? 0x1000 : IsProtected ? 0x800 : 0x400) - 1);
        bool isPaged = IsLong || _mode == RandomMode.Paged32;
        Cpu.SetSpecialRegisters(Cpu.GetSpecialRegisters() with
        {
            Cs = code with { Dpl = dpl },
            Ds = data,
            Es = data,
            Ss = data,
            Fs = _random.Next(3) == 0 ? data with { Unusable = true } : data,
            Gs = _random.Next(3) == 0 ? data with { Type = 7, Limit = 0x1FFF } : data,
            Tr = new SegmentRegister { Selector = 0x38, Base = Tss, Limit = 0x67, Type = 0xB, Present = true },
            Cr0 = (IsProtected ? 0x11UL : 0x10) | (isPaged ? 0x8000_0000UL : 0) | Maybe(0x1_0000),
            Cr3 = Tables,
            Cr4 = VectorBits | (IsLong ? 0x20UL : Maybe(0x10)),
            Efer = IsLong ? LongModeBits : 0,
            Gdt = new DescriptorTable(Gdt, 0xFF),
            Idt = hasIdt ? new DescriptorTable(IsProtected ? Idt : 0, idtLimit) : default,
        });
    }

    // FNINIT's state, with values in the registers, some of them not empty; sometimes with exceptions unmasked.
    private void SetVectors()
    {
        var xmm = default(XmmRegisters);
        for (int i = 0; i < XmmRegisters.Count; i++)
        {
            xmm[i] = new UInt128(Lane(), Lane());
        }

        var fpr = default(FpuRegisters);
        for (int i = 0; i < FpuRegisters.Count; i++)
        {
            fpr[i] = new UInt128((uint)_random.Next(0x1_0000), Lane() | (_random.Next(8) == 0 ? 0 : 1UL << 63));
        }

        Cpu.Xcr0 = 1 | Maybe(2);
        Cpu.SetFpuState(new FpuState
        {
            Fpr = fpr,
            Fcw = (ushort)(_random.Next(4) == 0 ? _random.Next(0x1_0000) : 0x37F),
            Ftwx = (byte)_random.Next(0x100),
            Xmm = xmm,
            Mxcsr = _random.Next(4) == 0 ? (uint)_random.Next(0x1_0000) : 0x1F80,
        });
    }

    // Two floats or one double; random bits are seldom anywhere near 1, 0 or infinity.
    private ulong Lane() => _random.Next(4) switch
    {
        0 => BitConverter.DoubleToUInt64Bits(_random.Next(-1000, 1000) / 8.0),
        1 => BitConverter.SingleToUInt32Bits(_random.Next(-100, 100)) | ((ulong)BitConverter.SingleToUInt32Bits(_random.NextSingle()) << 32),
        _ => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
    };

    private void WriteTables()
    {
        Vm.Memory.Write(Gdt + 0x08, IsLong ? 0x00AF_9B00_0000_FFFFUL : 0x00CF_9B00_0000_FFFFUL);
        Vm.Memory.Write(Gdt + 0x10, 0x00CF_9300_0000_FFFFUL);
        Vm.Memory.Write(Gdt + 0x18, 0x00CF_FB00_0000_FFFFUL);
        Vm.Memory.Write(Gdt + 0x20, 0x00CF_F300_0000_FFFFUL);
        Vm.Memory.Write(Gdt + 0x28, IsLong ? 0x00AF_FB00_0000_FFFFUL : 0x0000_8900_A000_0067UL);
        Vm.Memory.Write(Gdt + 0x30, 0x00CF_9B00_0000_FFFFUL);
        Vm.Memory.Write(Gdt + 0x38, 0x0000_8B00_A000_0067UL); // the TSS of TR, busy
        Vm.Memory.Write(Gdt + 0x40, 0UL);
        for (int vector = 0; vector < 32; vector++)
        {
            WriteGate(vector);
        }

        if (IsLong)
        {
            WriteLongTables();
        }
        else
        {
            WriteSmallTables();
        }
    }

    private void WriteGate(int vector)
    {
        ulong type = _random.Next(8) switch { 0 => 0x8F00UL, 1 => 0x8600, 2 => 0xEE00, _ => 0x8E00 };
        ulong selector = _random.Next(16) == 0 ? (ulong)_random.Next(0x40) : 8;
        ulong gate = (0x1000UL + ((ulong)vector * 0x31)) | (selector << 16) | (type << 32);
        ulong at = Idt + ((ulong)vector * (IsLong ? 16UL : 8));
        Vm.Memory.Write(at, gate);
        if (IsLong)
        {
            Vm.Memory.Write(at + 8, 0UL);
        }
    }

    private void WriteSmallTables()
    {
        Vm.Memory.Write(Tables, (uint)Tables + 0x1007);
        Vm.Memory.Write(Tables + 4, (uint)_random.Next() | 0x80);
        for (uint page = 0; page < RamSize >> 12; page++)
        {
            Vm.Memory.Write(Tables + 0x1000 + (page * 4), (uint)Entry(page));
        }
    }

    private void WriteLongTables()
    {
        Vm.Memory.Write(Tables, Tables + 0x1007);
        Vm.Memory.Write(Tables + 0x1000, Tables + 0x2007);
        Vm.Memory.Write(Tables + 0x1008, (ulong)_random.NextInt64() | 0x80); // 1 GiB of somewhere, or a reserved bit
        Vm.Memory.Write(Tables + 0x2000, Tables + 0x3007);
        Vm.Memory.Write(Tables + 0x2008, (ulong)_random.Next() | 0x80);
        for (uint page = 0; page < RamSize >> 12; page++)
        {
            ulong noExecute = _random.Next(8) == 0 ? 1UL << 63 : 0;
            Vm.Memory.Write(Tables + 0x3000 + (page * 8), Entry(page) | noExecute);
        }
    }

    private ulong Entry(uint page)
    {
        uint rights = _random.Next(8) == 0 ? (uint)_random.Next(8) : 7;
        uint target = _random.Next(8) == 0 ? (uint)_random.Next(0x50) : page;
        return (target << 12) | rights;
    }

    private ulong Maybe(ulong bits) => _random.Next(2) == 0 ? bits : 0;

    private ulong Value() => _random.Next(8) switch
    {
        0 => (uint)_random.Next(0x100),
        < 4 => (uint)_random.Next((int)RamSize + 0x2000) & ~15U,
        4 => 0x1000UL + (uint)_random.Next(0x2000),
        5 when IsLong => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
        6 => (uint)_random.Next((int)RamSize + 0x2000),
        _ => (uint)_random.NextInt64(),
    };

    /// <summary>Answers most of the exits in place.</summary>
    private sealed class Answers(Random random) : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            if (vmExit.Direction == ExitDirection.Read)
            {
                random.NextBytes(data);
            }

            return random.Next(4) != 0;
        }
    }
}

/// <summary>The modes that random code runs in.</summary>
public enum RandomMode
{
    Real16,
    Protected16,
    Protected32,
    Paged32,
    Compatible32,
    Long64,
}
