namespace KvmSharp.Benchmarks;

/// <summary>A machine with one vCPU in flat 32-bit protected mode and a few bytes of code: what the benchmarks share.</summary>
internal sealed class BenchGuest : IDisposable
{
    public const ulong CodeAddress = 0x1000;

    private readonly Kvm _kvm = Kvm.Open();

    public BenchGuest(ulong memory, ReadOnlySpan<byte> code)
    {
        Vm = _kvm.CreateVm();
        Vm.SetUserMemoryRegion(new MemorySlot(0, 0, memory));
        Vm.Memory.Write(CodeAddress, code);
        Cpu = Vm.CreateVcpu(0);
        SegmentRegister data = SegmentRegister.FlatData32(0x10);
        Cpu.SetSpecialRegisters(Cpu.GetSpecialRegisters() with
        {
            Cr0 = 1,
            Cs = SegmentRegister.FlatCode32(0x08),
            Ds = data,
            Es = data,
            Ss = data,
        });
        Rewind();
    }

    public VirtualMachine Vm { get; }

    public VirtualCpu Cpu { get; }

    /// <summary>Puts the vCPU back to the first instruction.</summary>
    public void Rewind() => Cpu.SetRegisters(new GeneralRegisters { Rip = CodeAddress, Rsp = 0x8000, Rflags = 2 });

    public void Dispose()
    {
        Vm.Dispose();
        _kvm.Dispose();
    }
}
