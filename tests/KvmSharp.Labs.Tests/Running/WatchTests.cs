using KvmSharp.Watching;

namespace KvmSharp.Labs.Tests;

/// <summary>The watch in the core, of which the recorder is the only user. One for the process: no other test here runs a machine in it.</summary>
public sealed class WatchTests : IDisposable
{
    private readonly Listener _listener = new();

    public WatchTests() => Kvm.Watch = _listener;

    public void Dispose() => Kvm.Watch = null;

    [Fact]
    public void Watch_Run_SeesCallsBudgetAndExit()
    {
        using VirtualMachine vm = Machine([0xE4, 0x60, 0xF4], out VirtualCpu cpu); // in al,60h; hlt
        cpu.Run(100);
        cpu.ExitData[0] = 7;
        cpu.Run();

        _listener.Seen.Should().Equal("vm", "slot 1000", "vcpu 0", "run 100", "exit Io", $"run {ulong.MaxValue}", "exit Hlt");
    }

    [Fact]
    public void Watch_SmallerBudget_IsTheOneThatHolds()
    {
        _listener.Most = 3;
        using VirtualMachine vm = Machine([0xEB, 0xFE], out VirtualCpu cpu); // jmp $

        cpu.Run().InterruptCause.Should().Be(InterruptCause.Budget);
        cpu.InstructionsRetired.Should().Be(3);
    }

    [Fact]
    public void Watch_ExitHandler_IsHeardBehindIt()
    {
        using VirtualMachine vm = Machine([0xE4, 0x60, 0xF4], out VirtualCpu cpu);
        var handler = new Answer();
        vm.ExitHandler = handler;
        cpu.Run();

        _listener.Seen.Should().ContainInOrder("handled Io 2A", "exit Hlt");
        vm.ExitHandler.Should().BeSameAs(handler);
    }

    [Fact]
    public void Watch_CompletePendingExit_IsHeardToo()
    {
        using VirtualMachine vm = Machine([0xE4, 0x60, 0xF4], out VirtualCpu cpu);
        cpu.Run();
        cpu.CompletePendingExit();
        cpu.CompletePendingExit();

        _listener.Seen.TakeLast(2).Should().Equal("exit Io", "run 1");
    }

    [Fact]
    public void Watch_SetBehindCreation_HearsNothing()
    {
        Kvm.Watch = null;
        using VirtualMachine vm = Machine([0xF4], out VirtualCpu cpu);
        Kvm.Watch = _listener;
        cpu.Run();

        _listener.Seen.Should().BeEmpty();
    }

    private static VirtualMachine Machine(byte[] code, out VirtualCpu cpu)
    {
        using var kvm = Kvm.Open();
        VirtualMachine vm = kvm.CreateVm();
        vm.SetUserMemoryRegion(new MemorySlot(0, 0, 0x1000));
        vm.Memory.Write(0x100, code);
        cpu = vm.CreateVcpu(0);
        cpu.SetSpecialRegisters(cpu.GetSpecialRegisters() with { Cs = SegmentRegister.RealMode(0) });
        cpu.SetRegisters(new GeneralRegisters { Rip = 0x100, Rflags = 2 });
        return vm;
    }

    private sealed class Answer : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            if (vmExit.Reason != VmExitReason.Io)
            {
                return false;
            }

            data[0] = 0x2A;
            return true;
        }
    }

    private sealed class Listener : IEmbedderWatch
    {
        public List<string> Seen { get; } = [];

        public ulong Most { get; set; } = ulong.MaxValue;

        public void OnMachine(VirtualMachine vm) => Seen.Add("vm");

        public void OnSlot(VirtualMachine vm, in MemorySlot slot) => Seen.Add($"slot {slot.Size:X}");

        public void OnVcpu(VirtualMachine vm, VirtualCpu vcpu) => Seen.Add($"vcpu {vcpu.Id}");

        public ulong OnRunning(VirtualMachine vm, VirtualCpu vcpu, ulong maxInstructions)
        {
            Seen.Add($"run {maxInstructions}");
            return Math.Min(maxInstructions, Most);
        }

        public void OnExit(VirtualMachine vm, VirtualCpu vcpu, in VmExit vmExit) => Seen.Add($"exit {vmExit.Reason}");

        public void OnHandled(VirtualMachine vm, in VmExit vmExit, ReadOnlySpan<byte> data) => Seen.Add($"handled {vmExit.Reason} {data[0]:X}");
    }
}
