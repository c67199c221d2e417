using Iced.Intel;

namespace KvmSharp.Tests.Guest;

/// <summary>A machine in real mode with code at 0:7C00h, a stack below it and an IVT whose handlers are a HLT each.</summary>
internal sealed class RealGuest : IDisposable
{
    public const uint Code = 0x7C00;
    public const uint Stack = 0x7000;
    public const ushort HandlerSegment = 0x0200;

    private const int HandlerBytes = 16;
    private const byte Hlt = 0xF4;
    private readonly Kvm _kvm = Kvm.Open();

    public RealGuest()
    {
        Vm = _kvm.CreateVm();
        Vm.SetUserMemoryRegion(new MemorySlot(0, 0, 0x20_0000));
        Cpu = Vm.CreateVcpu(0);
        for (int vector = 0; vector < 256; vector++)
        {
            uint offset = (uint)(vector * HandlerBytes);
            Vm.Memory.Write((ulong)(vector * 4), offset | ((uint)HandlerSegment << 16));
            Vm.Memory.Write(((ulong)HandlerSegment << 4) + offset, Hlt);
        }

        SegmentRegister zero = SegmentRegister.RealMode(0);
        Special = Special with { Cs = zero, Ss = zero, Ds = zero, Es = zero, Idt = new DescriptorTable(0, 0x3FF) };
        Cpu.SetRegisters(new GeneralRegisters { Rip = Code, Rsp = Stack, Rflags = 0x202 });
    }

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    public GeneralRegisters Registers => Cpu.GetRegisters();

    public SpecialRegisters Special
    {
        get => Cpu.GetSpecialRegisters();
        set => Cpu.SetSpecialRegisters(value);
    }

    public void Assemble(Action<Assembler> code, uint address = Code, int bits = 16)
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
        return Cpu.Run(1000);
    }

    /// <summary>Runs to a HLT and gives the vector whose handler it is in.</summary>
    public int RunToHandler(Action<Assembler> code)
    {
        Run(code).Reason.Should().Be(VmExitReason.Hlt);
        Special.Cs.Selector.Should().Be(HandlerSegment);
        return (int)((Registers.Rip - 1) / HandlerBytes);
    }

    public ushort StackWord(int index) =>
        Vm.Memory.Read<ushort>(Special.Ss.Base + (ushort)(Registers.Rsp + (ulong)(index * sizeof(ushort))));

    public void Dispose()
    {
        Vm.Dispose();
        _kvm.Dispose();
    }
}
