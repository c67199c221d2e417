using Iced.Intel;

namespace KvmSharp.Tests.Guest;

/// <summary>A machine in 64-bit mode whose event handlers are a HLT each: where it halts tells which event came.</summary>
/// <remarks>
/// The first 2 MiB are mapped to themselves with 4 KiB pages that every level may use, and once more from <see cref="High"/> on.
/// Handlers run at level 0 on the stack of RSP0, or on that of IST1 where a test asks for it.
/// </remarks>
internal sealed class LongGuest : IDisposable
{
    public const uint Gdt = 0x1000;
    public const uint Idt = 0x2000;
    public const uint Tss = 0x3000;
    public const uint Pml4 = 0x4000;
    public const uint Pointers = 0x5000;
    public const uint Directory = 0x6000;
    public const uint PageTable = 0x7000;
    public const uint HighPointers = 0x8000;
    public const uint Handlers = 0xA000;
    public const uint Code = 0x1_0000;
    public const uint Target = 0x1_1000;
    public const uint Data = 0x1_2000;
    public const uint Stack = 0x2_0000;
    public const uint InnerStack = 0x3_0000;
    public const uint InterruptStack = 0x4_0000;

    /// <summary>A page of the upper canonical half, mapped to physical address 0.</summary>
    public const ulong High = 0xFFFF_8000_0000_0000;

    public const ulong NotCanonical = 0x0000_8000_0000_0000;
    public const ushort Code0 = 0x08;
    public const ushort Data0 = 0x10;
    public const ushort Compatible3 = 0x1B;
    public const ushort Data3 = 0x23;
    public const ushort Code3 = 0x2B;
    public const ushort Compatible0 = 0x30;
    public const ushort TssSelector = 0x40;

    /// <summary>The first of the selectors that a test may give a meaning.</summary>
    public const ushort Free = 0x50;

    public const ulong LongModeBits = 0x500; // EFER.LME and LMA
    public const ulong PresentWritableUser = 7;

    private const int HandlerBytes = 16;
    private const byte Hlt = 0xF4;
    private readonly Kvm _kvm = Kvm.Open();

    public LongGuest(int cpl = 0)
    {
        Vm = _kvm.CreateVm();
        Vm.SetUserMemoryRegion(new MemorySlot(0, 0, 0x20_0000));
        Cpu = Vm.CreateVcpu(0);
        SetDescriptor(Code0, Descriptors.Segment(0, 0xF_FFFF, Descriptors.Code0, 0xA));
        SetDescriptor(Data0, Descriptors.Flat(Descriptors.Data0));
        SetDescriptor(Compatible3, Descriptors.Flat(Descriptors.Code3));
        SetDescriptor(Data3, Descriptors.Flat(Descriptors.Data3));
        SetDescriptor(Code3, Descriptors.Segment(0, 0xF_FFFF, Descriptors.Code3, 0xA));
        SetDescriptor(Compatible0, Descriptors.Flat(Descriptors.Code0));
        SetDescriptor(TssSelector, Descriptors.System(Tss, 0x67, Descriptors.BusyTss32));
        for (int vector = 0; vector < 256; vector++)
        {
            SetGate(vector, HandlerOf(vector));
            Memory.Write(HandlerOf(vector), Hlt);
        }

        Memory.Write(Tss + 4, (ulong)InnerStack);
        Memory.Write(Tss + 0x24, (ulong)InterruptStack);
        Memory.Write(Tss + 0x66, (ushort)0x68);
        Memory.Write(Target, Hlt);
        MakeTables();
        Start(cpl);
    }

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    public GuestMemory Memory => Vm.Memory;

    public GeneralRegisters Registers
    {
        get => Cpu.GetRegisters();
        set => Cpu.SetRegisters(value);
    }

    public SpecialRegisters Special
    {
        get => Cpu.GetSpecialRegisters();
        set => Cpu.SetSpecialRegisters(value);
    }

    public static uint HandlerOf(int vector) => Handlers + (uint)(vector * HandlerBytes);

    public void SetDescriptor(ushort selector, ulong descriptor) => Memory.Write(Gdt + (ulong)(selector & ~7), descriptor);

    /// <summary>Sets a gate of the IDT.</summary>
    public void SetGate(int vector, ulong offset, ushort selector = Code0, byte access = 0x8E, int interruptStack = 0)
    {
        ulong at = Idt + (ulong)(vector * 16);
        Memory.Write(at, GateBits(offset, selector, access) | ((ulong)interruptStack << 32));
        Memory.Write(at + 8, offset >> 32);
    }

    /// <summary>Sets a call gate, which takes two places of the GDT.</summary>
    public void SetCallGate(ushort selector, ulong offset, ushort code, byte access = 0xEC)
    {
        SetDescriptor(selector, GateBits(offset, code, access));
        SetDescriptor((ushort)(selector + 8), offset >> 32);
    }

    public void Assemble(Action<Assembler> code, uint address = Code, int bits = 64)
    {
        var assembler = new Assembler(bits);
        code(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        Memory.Write(address, stream.ToArray());
    }

    public VmExit Run(Action<Assembler> code)
    {
        Assemble(code);
        return Run();
    }

    public VmExit Run() => Cpu.Run(1000);

    /// <summary>Runs to a HLT and gives the vector whose handler it is in.</summary>
    public int RunToHandler(Action<Assembler> code)
    {
        VmExit exit = Run(code);
        exit.Reason.Should().Be(VmExitReason.Hlt);
        return (int)((Registers.Rip - 1 - Handlers) / HandlerBytes);
    }

    /// <summary>Runs to a HLT that is not a handler's.</summary>
    public GeneralRegisters RunToHalt(Action<Assembler> code)
    {
        Assemble(code);
        Run().Reason.Should().Be(VmExitReason.Hlt);
        (Registers.Rip - 1).Should().NotBeInRange(Handlers, Handlers + 0xFFF, "no event was to come");
        return Registers;
    }

    /// <summary>Reads a quadword of the present stack.</summary>
    public ulong StackItem(int index) => Memory.Read<ulong>(Registers.Rsp + (ulong)(index * sizeof(ulong)));

    /// <summary>Sets the entry of one page; the TLB is not told.</summary>
    public void SetPage(uint linear, ulong entry) => Memory.Write(PageTable + ((linear >> 12) * sizeof(ulong)), entry);

    public void Dispose()
    {
        Vm.Dispose();
        _kvm.Dispose();
    }

    private static ulong GateBits(ulong offset, ushort selector, byte access) =>
        (offset & 0xFFFF) | ((ulong)selector << 16) | ((ulong)access << 40) | ((offset >> 16 & 0xFFFF) << 48);

    private void MakeTables()
    {
        for (uint page = 0; page < 0x20_0000; page += 0x1000)
        {
            SetPage(page, page | PresentWritableUser);
        }

        Memory.Write(Directory, PageTable | PresentWritableUser);
        Memory.Write(Pointers, Directory | PresentWritableUser);
        Memory.Write(HighPointers, Directory | PresentWritableUser);
        Memory.Write(Pml4, Pointers | PresentWritableUser);
        Memory.Write(Pml4 + (256 * sizeof(ulong)), HighPointers | PresentWritableUser);
    }

    private void Start(int cpl)
    {
        SegmentRegister flat = SegmentRegister.FlatData32(cpl == 0 ? Data0 : Data3) with { Dpl = (byte)cpl };
        Special = Special with
        {
            Cs = SegmentRegister.FlatCode64(cpl == 0 ? Code0 : Code3) with { Dpl = (byte)cpl },
            Ss = flat,
            Ds = flat,
            Es = flat,
            Fs = flat,
            Gs = flat,
            Tr = new SegmentRegister { Selector = TssSelector, Base = Tss, Limit = 0x67, Type = 0xB, Present = true },
            Ldt = new SegmentRegister { Unusable = true },
            Gdt = new DescriptorTable(Gdt, 0xFF),
            Idt = new DescriptorTable(Idt, 0xFFF),
            Cr0 = 0x8001_0011,
            Cr3 = Pml4,
            Cr4 = 0x20,
            Efer = LongModeBits,
        };
        Registers = new GeneralRegisters { Rip = Code, Rsp = Stack, Rflags = 2 };
    }
}
