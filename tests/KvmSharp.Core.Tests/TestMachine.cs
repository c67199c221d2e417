using Iced.Intel;

namespace KvmSharp.Tests;

/// <summary>A machine as small as can be: RAM from 0, one vCPU in flat 32-bit protected mode or in real mode, nothing attached.</summary>
/// <remarks>
/// <code>
/// 00000  IVT (real mode)        80000  GDT
/// 01000  code                   81000  IDT
/// 04000  event handlers         90000  page directory, then page tables
/// 08000  data                   100000 end of RAM; everything above is MMIO
/// 7F000  top of the stack
/// </code>
/// </remarks>
internal sealed class TestMachine : IDisposable
{
    public const ulong RamSize = 0x10_0000;
    public const ulong Code = 0x1000;
    public const ulong Handlers = 0x4000;
    public const ulong Data = 0x8000;
    public const ulong Stack = 0x7_F000;
    public const ulong Gdt = 0x8_0000;
    public const ulong Idt = 0x8_1000;
    public const ulong PageDirectory = 0x9_0000;
    public const ulong PageTable = 0x9_1000;

    /// <summary>An address without RAM.</summary>
    public const uint Mmio = 0x20_0000;

    public const ushort CodeSelector = 0x08;
    public const ushort DataSelector = 0x10;
    public const ulong Cr0Protected = 0x11;
    public const ulong InterruptFlag = 1 << 9;
    public const ulong TrapFlag = 1 << 8;

    private readonly Kvm _kvm = Kvm.Open();

    private TestMachine(int bits, ulong ramSize, MemorySlotOptions options, bool localApics = false, EngineKind engine = EngineKind.Auto, long translatedCode = 64 << 20)
    {
        Bits = bits;
        Vm = _kvm.CreateVm();
        Vm.Engine = engine;
        Vm.TranslatedCodeLimit = translatedCode;
        Vm.LocalApics = localApics;
        Vm.SetUserMemoryRegion(new MemorySlot(0, 0, ramSize, options));
        Cpu = AddVcpu(0);
    }

    public int Bits { get; }

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    public GuestMemory Ram => Vm.Memory;

    /// <summary>Gets the general registers.</summary>
    public GeneralRegisters Registers
    {
        get => Cpu.GetRegisters();
        set => Cpu.SetRegisters(value);
    }

    public uint Eax => (uint)Registers.Rax;

    public static TestMachine Protected(Action<Assembler>? code = null, ulong ramSize = RamSize, MemorySlotOptions options = default) =>
        new TestMachine(32, ramSize, options).With(code);

    /// <summary>Makes a machine in protected mode with a choice of its engine.</summary>
    public static TestMachine On(EngineKind engine, Action<Assembler> code, long translatedCode = 64 << 20) =>
        new TestMachine(32, RamSize, default, engine: engine, translatedCode: translatedCode).With(code);

    public static TestMachine Real(Action<Assembler>? code = null) => new TestMachine(16, RamSize, default).With(code);

    /// <summary>Makes a machine in protected mode whose vCPUs have local APICs; those behind the first wait for their start.</summary>
    public static TestMachine WithApics(Action<Assembler>? code = null, int vcpus = 1)
    {
        var machine = new TestMachine(32, RamSize, default, localApics: true);
        for (int id = 1; id < vcpus; id++)
        {
            machine.Vm.CreateVcpu(id);
        }

        return machine.With(code);
    }

    public static byte[] Assemble(int bits, ulong at, Action<Assembler> code)
    {
        var assembler = new Assembler(bits);
        code(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), at);
        return stream.ToArray();
    }

    /// <summary>Makes a vCPU that is about to execute at <see cref="Code"/>.</summary>
    public VirtualCpu AddVcpu(int id)
    {
        VirtualCpu cpu = Vm.CreateVcpu(id);
        Prepare(cpu, Code);
        return cpu;
    }

    /// <summary>Puts a vCPU into the machine's mode, at an address, with empty registers.</summary>
    public void Prepare(VirtualCpu cpu, ulong at)
    {
        SegmentRegister code = Bits == 32 ? SegmentRegister.FlatCode32(CodeSelector) : SegmentRegister.RealMode(0);
        SegmentRegister data = Bits == 32 ? SegmentRegister.FlatData32(DataSelector) : SegmentRegister.RealMode(0);
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with
        {
            Cs = code,
            Ds = data,
            Es = data,
            Fs = data,
            Gs = data,
            Ss = data,
            Cr0 = Bits == 32 ? Cr0Protected : 0x10,
            Idt = Bits == 32 ? new DescriptorTable(Idt, 0x7FF) : new DescriptorTable(0, 0x3FF),
            Gdt = new DescriptorTable(Gdt, 0xFF),
        });
        ulong stack = Bits == 32 ? Stack - ((ulong)cpu.Id * 0x1000) : 0x7F00;
        cpu.SetRegisters(new GeneralRegisters { Rip = at, Rsp = stack, Rflags = 2 });
    }

    public TestMachine Load(ulong at, Action<Assembler> code)
    {
        Ram.Write(at, Assemble(Bits, at, code));
        return this;
    }

    public TestMachine Bytes(ulong at, params byte[] bytes)
    {
        Ram.Write(at, bytes);
        return this;
    }

    /// <summary>Writes the GDT with flat code and data, and a gate or IVT entry for a vector, whose handler is given.</summary>
    public TestMachine Handle(byte vector, Action<Assembler> handler)
    {
        ulong at = Handlers + (vector * 0x40UL);
        HandleAt(vector, at);
        return Load(at, handler);
    }

    public TestMachine HandleAt(byte vector, ulong at)
    {
        if (Bits == 16)
        {
            Ram.Write(vector * 4UL, (uint)at);
            return this;
        }

        Ram.Write(Gdt + CodeSelector, 0x00CF_9B00_0000_FFFFUL);
        Ram.Write(Gdt + DataSelector, 0x00CF_9300_0000_FFFFUL);
        Ram.Write(Idt + (vector * 8UL), (at & 0xFFFF) | ((ulong)CodeSelector << 16) | (0x8E00UL << 32) | ((at >> 16) << 48));
        return this;
    }

    public void Set(Func<GeneralRegisters, GeneralRegisters> change) => Registers = change(Registers);

    public void SetSpecial(Func<SpecialRegisters, SpecialRegisters> change) => Cpu.SetSpecialRegisters(change(Cpu.GetSpecialRegisters()));

    /// <summary>Maps linear 0 to 4 MiB one to one with small pages, and turns paging on.</summary>
    public TestMachine EnablePaging(uint entryBits = 7, ulong extraCr0 = 0, ulong cr4 = 0)
    {
        for (uint page = 0; page < 1024; page++)
        {
            Ram.Write(PageTable + (page * 4), (page << 12) | entryBits);
        }

        Ram.Write(PageDirectory, (uint)PageTable | 7);
        SetSpecial(s => s with { Cr0 = s.Cr0 | 0x8000_0000 | extraCr0, Cr3 = PageDirectory, Cr4 = cr4 });
        return this;
    }

    /// <summary>Changes the entry of a page in the one page table; the guest's TLB is not told.</summary>
    public void MapPage(uint linear, uint entry) => Ram.Write(PageTable + (linear >> 12 << 2), entry);

    /// <summary>Runs with a budget that any test program stays within.</summary>
    public VmExit Run(ulong budget = 10_000_000) => Cpu.Run(budget);

    public VmExit RunToHalt()
    {
        VmExit exit = Run();
        exit.Reason.Should().Be(VmExitReason.Hlt, "the program ends with HLT (it left with {0} at {1:X})", exit, Registers.Rip);
        return exit;
    }

    public void Dispose()
    {
        Vm.Dispose();
        _kvm.Dispose();
    }

    private TestMachine With(Action<Assembler>? code) => code is null ? this : Load(Code, code);
}
