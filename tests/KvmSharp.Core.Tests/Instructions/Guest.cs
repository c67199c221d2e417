using Iced.Intel;

namespace KvmSharp.Tests.Instructions;

/// <summary>A machine that runs a few instructions: in flat 32-bit protected mode with paging, or in real mode.</summary>
/// <remarks>Every vector leads to a place of its own, so that RIP tells which exception was taken; the frame tells what it saw.</remarks>
internal sealed class Guest : IDisposable
{
    public const uint Code = 0x10000;
    public const uint Data = 0x20000;
    public const uint StackTop = 0x30000;
    public const uint Size = 0x100000;
    private const uint Gdt = 0x1000;
    private const uint Idt = 0x2000;
    private const uint PageDirectory = 0x3000;
    private const uint PageTable = 0x4000;
    private const uint Handlers = 0x8000;
    private const ushort CodeSelector = 0x08;
    private const ushort DataSelector = 0x10;
    private const ulong PresentWritable = 3;

    private readonly Kvm _kvm = Kvm.Open();
    private readonly bool _isReal;

    private Guest(bool isReal)
    {
        _isReal = isReal;
        Machine = _kvm.CreateVm();
        Machine.SetUserMemoryRegion(new MemorySlot(0, 0, Size));
        Cpu = Machine.CreateVcpu(0);
    }

    public VirtualMachine Machine { get; }

    public VirtualCpu Cpu { get; }

    public GuestMemory Memory => Machine.Memory;

    /// <summary>Gets the vector of the exception that was taken, or null.</summary>
    public int? Vector
    {
        get
        {
            ulong rip = Cpu.GetRegisters().Rip;
            bool inHandlers = rip is >= Handlers and < Handlers + 256 && Cpu.GetSpecialRegisters().Cs.Base == 0;
            return inHandlers && (!_isReal || Cpu.GetSpecialRegisters().Cs.Selector == 0) ? (int)(rip - Handlers) : null;
        }
    }

    public GeneralRegisters Registers
    {
        get => Cpu.GetRegisters();
        set => Cpu.SetRegisters(value with { Rip = value.Rip == 0 && !_isReal ? Code : value.Rip });
    }

    /// <summary>Makes a machine in flat 32-bit protected mode; linear addresses are physical ones.</summary>
    /// <param name="assemble">Writes the code, which is entered at its first byte.</param>
    /// <returns>The machine, with ESP at <see cref="StackTop"/>.</returns>
    public static Guest Flat(Action<Assembler> assemble)
    {
        var guest = new Guest(isReal: false);
        guest.Memory.Write(Gdt + CodeSelector, 0x00CF_9B00_0000_FFFFUL);
        guest.Memory.Write(Gdt + DataSelector, 0x00CF_9300_0000_FFFFUL);
        for (uint vector = 0; vector < 256; vector++)
        {
            guest.Memory.Write(Idt + (8 * vector), 0x0000_8E00_0000_0000UL | ((ulong)CodeSelector << 16) | (Handlers + vector));
        }

        guest.Memory.Write(PageDirectory, (uint)(PageTable | PresentWritable));
        for (uint page = 0; page < Size; page += 0x1000)
        {
            guest.Map(page, PresentWritable);
        }

        guest.Cpu.SetSpecialRegisters(guest.Cpu.GetSpecialRegisters() with
        {
            Cs = SegmentRegister.FlatCode32(CodeSelector),
            Ds = SegmentRegister.FlatData32(DataSelector),
            Es = SegmentRegister.FlatData32(DataSelector),
            Ss = SegmentRegister.FlatData32(DataSelector),
            Gdt = new DescriptorTable(Gdt, 0x17),
            Idt = new DescriptorTable(Idt, 0x7FF),
            Cr0 = 0x8001_0011, // PG, WP, ET, PE
            Cr3 = PageDirectory,
        });
        guest.Load(32, assemble);
        guest.Registers = new GeneralRegisters { Rsp = StackTop, Rip = Code, Rflags = 2 };
        return guest;
    }

    /// <summary>Makes a machine in real mode, with CS, DS and ES, SS at <see cref="Code"/>, <see cref="Data"/>, and <see cref="StackTop"/> less 64 KiB.</summary>
    /// <param name="assemble">Writes the code, which is entered at IP 0.</param>
    /// <returns>The machine, with SP at FFFEh.</returns>
    public static Guest Real(Action<Assembler> assemble)
    {
        var guest = new Guest(isReal: true);
        for (uint vector = 0; vector < 256; vector++)
        {
            guest.Memory.Write(4 * vector, Handlers + vector);
        }

        guest.Cpu.SetSpecialRegisters(guest.Cpu.GetSpecialRegisters() with
        {
            Cs = SegmentRegister.RealMode((ushort)(Code >> 4)) with { Type = 0xB },
            Ds = SegmentRegister.RealMode((ushort)(Data >> 4)),
            Es = SegmentRegister.RealMode((ushort)(Data >> 4)),
            Ss = SegmentRegister.RealMode((ushort)(StackTop >> 4)),
            Idt = new DescriptorTable(0, 0x3FF),
        });
        guest.Load(16, assemble);
        guest.Registers = new GeneralRegisters { Rsp = 0xFFFE, Rflags = 2 };
        return guest;
    }

    /// <summary>Changes the page-table entry of a page of a flat machine.</summary>
    /// <param name="page">The page's address.</param>
    /// <param name="bits">Present (1), writable (2).</param>
    public void Map(uint page, ulong bits) => Memory.Write(PageTable + (page >> 12 << 2), (uint)(page | bits));

    /// <summary>Runs exactly some instructions.</summary>
    /// <param name="count">How many; an exception taken counts one.</param>
    /// <returns>This machine.</returns>
    public Guest Run(ulong count = 1)
    {
        Cpu.Run(count).Reason.Should().Be(VmExitReason.Intr);
        return this;
    }

    /// <summary>Sets general registers and leaves the others.</summary>
    /// <param name="change">Gives the new registers.</param>
    /// <returns>This machine.</returns>
    public Guest With(Func<GeneralRegisters, GeneralRegisters> change)
    {
        Cpu.SetRegisters(change(Cpu.GetRegisters()));
        return this;
    }

    /// <summary>Writes bytes at an address.</summary>
    /// <param name="address">The physical address.</param>
    /// <param name="bytes">The bytes.</param>
    /// <returns>This machine.</returns>
    public Guest Put(uint address, params byte[] bytes)
    {
        Memory.Write(address, bytes);
        return this;
    }

    public byte[] Bytes(uint address, int length)
    {
        byte[] bytes = new byte[length];
        Memory.Read(address, bytes);
        return bytes;
    }

    /// <summary>Asserts that an instruction was refused by a fault that left all general registers and the instruction pointer.</summary>
    /// <param name="vector">The exception.</param>
    /// <param name="before">The registers before it.</param>
    public void ShouldHaveFaulted(int vector, in GeneralRegisters before)
    {
        Vector.Should().Be(vector);
        GeneralRegisters now = Registers;
        uint frame = (uint)now.Rsp + (vector is 8 or (>= 10 and <= 14) or 17 ? 4u : 0u);
        Memory.Read<uint>(frame).Should().Be((uint)before.Rip);
        (now with { Rip = before.Rip, Rflags = before.Rflags, Rsp = frame + 12 }).Should().Be(before);
    }

    public void Dispose() => Machine.Dispose();

    private void Load(int bits, Action<Assembler> assemble)
    {
        var assembler = new Assembler(bits);
        assemble(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), _isReal ? 0UL : Code);
        Memory.Write(Code, stream.ToArray());
    }
}
