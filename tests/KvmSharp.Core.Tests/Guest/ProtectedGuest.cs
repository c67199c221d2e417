using Iced.Intel;

namespace KvmSharp.Tests.Guest;

/// <summary>A machine in 32-bit protected mode whose event handlers are a HLT each: where it halts tells which event came.</summary>
internal sealed class ProtectedGuest : IDisposable
{
    public const uint Gdt = 0x1000;
    public const uint Idt = 0x2000;
    public const uint Tss = 0x3000;
    public const uint OtherTss = 0x3800;
    public const uint Handlers = 0x6000;
    public const uint Code = 0x8000;
    public const uint Target = 0x9000;
    public const uint Stack = 0x2_0000;
    public const uint InnerStack = 0x3_0000;
    public const ushort Code0 = 0x08;
    public const ushort Data0 = 0x10;
    public const ushort Code3 = 0x1B;
    public const ushort Data3 = 0x23;
    public const ushort TssSelector = 0x28;
    public const ushort OtherTssSelector = 0x30;

    /// <summary>The first of the selectors that a test may give a meaning.</summary>
    public const ushort Free = 0x40;

    public const uint PageDirectory = 0x5_0000;
    public const uint PageTable = 0x5_1000;
    public const uint PagePresentWritableUser = 7;
    public const uint PageSize = 0x1000;

    private const int HandlerBytes = 16;
    private const ulong Memory = 0x10_0000;
    private const byte Hlt = 0xF4;
    private readonly Kvm _kvm = Kvm.Open();

    public ProtectedGuest(int cpl = 0, EngineKind engine = EngineKind.Auto)
    {
        Vm = _kvm.CreateVm();
        Vm.Engine = engine;
        Vm.SetUserMemoryRegion(new MemorySlot(0, 0, Memory));
        Cpu = Vm.CreateVcpu(0);
        SetDescriptor(Code0, Descriptors.Flat(Descriptors.Code0));
        SetDescriptor(Data0, Descriptors.Flat(Descriptors.Data0));
        SetDescriptor(Code3, Descriptors.Flat(Descriptors.Code3));
        SetDescriptor(Data3, Descriptors.Flat(Descriptors.Data3));
        SetDescriptor(TssSelector, Descriptors.System(Tss, 0x67, Descriptors.BusyTss32));
        SetDescriptor(OtherTssSelector, Descriptors.System(OtherTss, 0x67, Descriptors.Tss32));
        for (int vector = 0; vector < 256; vector++)
        {
            SetGate(vector, Descriptors.InterruptGate(Code0, HandlerOf(vector)));
            Vm.Memory.Write(HandlerOf(vector), Hlt);
        }

        Vm.Memory.Write(Tss + 4, InnerStack);
        Vm.Memory.Write(Tss + 8, (uint)Data0);
        Vm.Memory.Write(Target, Hlt);
        Start(cpl);
    }

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    public GeneralRegisters Registers => Cpu.GetRegisters();

    public SpecialRegisters Special
    {
        get => Cpu.GetSpecialRegisters();
        set => Cpu.SetSpecialRegisters(value);
    }

    public static uint HandlerOf(int vector) => Handlers + (uint)(vector * HandlerBytes);

    public void SetDescriptor(ushort selector, ulong descriptor) => Vm.Memory.Write(Gdt + (ulong)(selector & ~7), descriptor);

    public ulong GetDescriptor(ushort selector) => Vm.Memory.Read<ulong>(Gdt + (ulong)(selector & ~7));

    public void SetGate(int vector, ulong gate) => Vm.Memory.Write(Idt + (ulong)(vector * 8), gate);

    /// <summary>Assembles 32-bit code to an address.</summary>
    public void Assemble(Action<Assembler> code, uint address = Code, int bits = 32)
    {
        var assembler = new Assembler(bits);
        code(assembler);
        using var stream = new MemoryStream();
        assembler.Assemble(new StreamCodeWriter(stream), address);
        Vm.Memory.Write(address, stream.ToArray());
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

    /// <summary>Maps the first mebibyte to itself, for all levels, and turns paging on with write protection.</summary>
    public void EnablePaging()
    {
        for (uint page = 0; page < Memory / PageSize; page++)
        {
            SetPage(page * PageSize, (page * PageSize) | PagePresentWritableUser);
        }

        Vm.Memory.Write(PageDirectory, PageTable | PagePresentWritableUser);
        Special = Special with { Cr3 = PageDirectory, Cr0 = Special.Cr0 | 0x8001_0000 };
    }

    /// <summary>Sets the entry of one page; the TLB is not told.</summary>
    public void SetPage(uint linear, uint entry) => Vm.Memory.Write(PageTable + (linear / PageSize * sizeof(uint)), entry);

    /// <summary>Reads a doubleword of the present stack.</summary>
    public uint StackItem(int index) =>
        Vm.Memory.Read<uint>((uint)(Special.Ss.Base + Registers.Rsp + (ulong)(index * sizeof(uint))));

    public ushort StackWord(int index) =>
        Vm.Memory.Read<ushort>((uint)(Special.Ss.Base + Registers.Rsp + (ulong)(index * sizeof(ushort))));

    public void Dispose()
    {
        Vm.Dispose();
        _kvm.Dispose();
    }

    private void Start(int cpl)
    {
        ushort code = cpl == 0 ? Code0 : Code3;
        ushort data = cpl == 0 ? Data0 : Data3;
        SegmentRegister flat = SegmentRegister.FlatData32(data) with { Dpl = (byte)cpl };
        Special = Special with
        {
            Cs = SegmentRegister.FlatCode32(code) with { Dpl = (byte)cpl },
            Ss = flat,
            Ds = flat,
            Es = flat,
            Fs = flat,
            Gs = flat,
            Tr = new SegmentRegister { Selector = TssSelector, Base = Tss, Limit = 0x67, Type = 0xB, Present = true },
            Ldt = new SegmentRegister { Unusable = true },
            Gdt = new DescriptorTable(Gdt, 0xFF),
            Idt = new DescriptorTable(Idt, 0x7FF),
            Cr0 = 0x11,
        };
        Cpu.SetRegisters(new GeneralRegisters { Rip = Code, Rsp = Stack, Rflags = 2 });
    }
}
