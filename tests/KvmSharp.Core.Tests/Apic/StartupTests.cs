using Iced.Intel;
using KvmSharp.Apic;
using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Apic;

/// <summary>INIT and start-up IPIs, NMIs, and waits that only another processor can end; each vCPU on its thread.</summary>
public sealed class StartupTests : ApicTests
{
    private const uint Command = 0xFEE0_0300;
    private const uint InitToOthers = 0x000C_4500;
    private const uint StartOthersAt3 = 0x000C_4603;
    private const uint NmiToOthers = 0x000C_4400;

    [Fact]
    public void Vcpus_BehindTheFirst_WaitForTheirStart()
    {
        TestMachine machine = Machine(2, enabled: false);
        machine.Vm.Vcpus.Select(v => v.MpState).Should().Equal(MpState.Runnable, MpState.Uninitialized);
        machine.Vm.Vcpus.Select(v => v.GetSpecialRegisters().ApicBase).Should().Equal(0xFEE0_0900, 0xFEE0_0800);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Wait_KickOrCancellation_EndsIt(bool kick)
    {
        TestMachine machine = Machine(2);
        VirtualCpu second = machine.Vm.Vcpus[1];
        using var source = new CancellationTokenSource();
        VmExit exit = default;
        var runner = new Thread(() => exit = second.Run(cancellation: source.Token));
        runner.Start();
        Thread.Sleep(20);
        exit.Reason.Should().Be((VmExitReason)0, "it waits inside");
        if (kick)
        {
            second.Kick();
        }
        else
        {
            source.Cancel();
        }

        runner.Join();
        exit.InterruptCause.Should().Be(kick ? InterruptCause.Kick : InterruptCause.Cancellation);
        second.MpState.Should().Be(MpState.Uninitialized);
    }

    [Fact]
    public void Guest_StartsASecondProcessor_InRealModeAtItsPage()
    {
        TestMachine machine = Machine(2);
        RealModeCode(machine, 0x3000, a =>
        {
            a.mov(ax, cs);
            a.mov(__word_ptr[0x8002], ax);
            a.inc(__byte_ptr[0x8000]);
            a.cli();
            a.hlt();
        });
        VmExit[] exits = RunAll(machine, a =>
        {
            Label wait = a.CreateLabel();
            a.mov(__dword_ptr[Command], InitToOthers);
            a.mov(__dword_ptr[Command], StartOthersAt3);
            a.mov(__dword_ptr[Command], StartOthersAt3); // the second one finds it running
            a.Label(ref wait);
            a.pause();
            a.cmp(__byte_ptr[TestMachine.Data], 0);
            a.je(wait);
            a.cli();
            a.hlt();
        });
        machine.Ram.Read<byte>(TestMachine.Data).Should().Be(1);
        machine.Ram.Read<ushort>(TestMachine.Data + 2).Should().Be(0x300);
        exits.Should().Contain(e => e.Reason == VmExitReason.Hlt, "the last one to halt tells that none will go on");
    }

    [Fact]
    public void StartUp_WithoutInit_IsIgnored()
    {
        TestMachine machine = Machine(2);
        Write(machine.Cpu, ApicRegister.InterruptCommand, StartOthersAt3);
        var turns = new VcpuTurns(machine.Vm);
        machine.Load(TestMachine.Code, a => a.hlt());
        turns.Run(100);
        machine.Vm.Vcpus[1].MpState.Should().Be(MpState.Uninitialized);
    }

    [Fact]
    public void Init_OfARunningProcessor_KeepsWhatTheManualSays()
    {
        TestMachine machine = Machine(2);
        VirtualCpu second = machine.Vm.Vcpus[1];
        machine.Prepare(second, TestMachine.Code);
        second.MpState = MpState.Runnable;
        second.SetRegisters(second.GetRegisters() with { Rax = 1, Rsi = 2, R9 = 3 });
        second.SetFpuState(second.GetFpuState() with { Fcw = 0x0F7F, Mxcsr = 0x1F00 });
        second.SetMsr(0x277, 0x0606_0606_0606_0606);
        second.SetMsr(0x174, 8);
        second.SetMsr(0x10, 1UL << 40);
        Write(second, ApicRegister.TaskPriority, 0x50);
        second.SetSpecialRegisters(second.GetSpecialRegisters() with { Cr2 = 5, Cr4 = 0x10, Cr0 = 0x4000_0011 });

        Write(machine.Cpu, ApicRegister.InterruptCommand, InitToOthers);
        new VcpuTurns(machine.Vm, slice: 1).Run(2);

        second.MpState.Should().Be(MpState.InitReceived);
        GeneralRegisters general = second.GetRegisters();
        (general.Rax, general.Rsi, general.R9, general.Rip, general.Rflags).Should().Be((0UL, 0UL, 0UL, 0xFFF0UL, 2UL));
        general.Rdx.Should().Be(second.Cpuid.Signature);
        SpecialRegisters special = second.GetSpecialRegisters();
        (special.Cr0, special.Cr2, special.Cr4, special.Cr8).Should().Be((0x4000_0010UL, 0UL, 0UL, 0UL));
        (special.Cs.Base, special.Cs.Selector, special.ApicBase).Should().Be((0xFFFF_0000UL, (ushort)0xF000, 0xFEE0_0800UL));
        (second.GetFpuState().Fcw, second.GetFpuState().Mxcsr).Should().Be(((ushort)0x0F7F, 0x1F00U));
        (second.GetMsr(0x277), second.GetMsr(0x174)).Should().Be((0x0606_0606_0606_0606UL, 8UL));
        second.GetMsr(0x10).Should().BeInRange(1UL << 40, (1UL << 40) + 100);
        Read(second, ApicRegister.SpuriousVector).Should().Be(0xFF);
    }

    [Fact]
    public void Init_OfTheBootProcessor_RestartsIt()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.InterruptCommand, 0x0004_4500);
        machine.Run(0);
        (machine.Cpu.MpState, machine.Registers.Rip).Should().Be((MpState.Runnable, 0xFFF0UL));
    }

    [Fact]
    public void InitDeassert_DoesNothing()
    {
        TestMachine machine = Machine(2);
        Write(machine.Cpu, ApicRegister.InterruptCommand, 0x000C_8500);
        new VcpuTurns(machine.Vm).Run(0);
        machine.Vm.Vcpus[1].MpState.Should().Be(MpState.Uninitialized);
    }

    [Fact]
    public void Nmi_ToAParkedProcessor_IsLost()
    {
        TestMachine machine = Machine(2);
        Write(machine.Cpu, ApicRegister.InterruptCommand, NmiToOthers);
        machine.Load(TestMachine.Code, a => a.hlt());
        new VcpuTurns(machine.Vm).Run(100);
        machine.Vm.Vcpus[1].GetEvents().NmiPending.Should().BeFalse();
    }

    /// <summary>Halted with interrupts off, a processor waits for an NMI as long as another one runs.</summary>
    [Fact]
    public void Halt_InterruptsOff_AnotherProcessorsNmiWakes()
    {
        TestMachine machine = Machine(2);
        machine.Prepare(machine.Vm.Vcpus[1], 0x2000);
        machine.Vm.Vcpus[1].MpState = MpState.Runnable;
        machine.Handle(2, a =>
        {
            a.inc(__dword_ptr[TestMachine.Data]);
            a.iretd();
        });
        machine.Load(0x2000, a =>
        {
            a.mov(__byte_ptr[TestMachine.Data + 8], 1);
            a.cli();
            a.hlt();
            a.cli();
            a.hlt();
        });
        VmExit[] exits = RunAll(machine, a =>
        {
            Label ready = a.CreateLabel();
            Label done = a.CreateLabel();
            a.Label(ref ready);
            a.pause();
            a.cmp(__byte_ptr[TestMachine.Data + 8], 0);
            a.je(ready);
            a.mov(__dword_ptr[Command], NmiToOthers);
            a.Label(ref done);
            a.pause();
            a.cmp(__dword_ptr[TestMachine.Data], 0);
            a.je(done);
            a.cli();
            a.hlt();
        });
        machine.Ram.Read<uint>(TestMachine.Data).Should().Be(1);
        exits.Should().Contain(e => e.Reason == VmExitReason.Hlt);
    }

    /// <summary>Two processors wake each other in turn, both halted in between.</summary>
    [Fact]
    public void Ipis_PingPong_NeitherIsLost()
    {
        const byte Vector = 0x50;
        const int Rounds = 2000;
        TestMachine machine = Machine(2);
        machine.Prepare(machine.Vm.Vcpus[1], 0x2000);
        machine.Vm.Vcpus[1].MpState = MpState.Runnable;
        machine.Handle(Vector, a =>
        {
            a.inc(ebx);
            a.mov(__dword_ptr[0xFEE0_00B0], 0);
            a.iretd();
        });
        machine.Load(0x2000, a => Player(a, starts: false));
        VmExit[] exits = RunAll(machine, a => Player(a, starts: true));
        machine.Vm.Vcpus.Select(v => v.GetRegisters().Rbx).Should().Equal(Rounds, Rounds);
        exits.Should().Contain(e => e.Reason == VmExitReason.Hlt);

        static void Player(Assembler a, bool starts)
        {
            Label round = a.CreateLabel();
            a.mov(ecx, Rounds);
            a.Label(ref round);
            if (starts)
            {
                a.mov(__dword_ptr[Command], 0x000C_4000 | Vector);
            }

            a.sti();
            a.hlt();
            a.cli();
            if (!starts)
            {
                a.mov(__dword_ptr[Command], 0x000C_4000 | Vector);
            }

            a.dec(ecx);
            a.jne(round);
            a.hlt();
        }
    }

    [Fact]
    public void SystemEvent_RaisedInAProcessorsHandler_IsItsOwnExit()
    {
        TestMachine machine = Machine(2);
        VirtualCpu second = machine.Vm.Vcpus[1];
        machine.Prepare(second, 0x2000);
        second.MpState = MpState.Runnable;
        machine.Load(0x2000, a =>
        {
            a.@out(0x10, al);
            a.hlt();
        });
        machine.Vm.ExitHandler = new RecordingHandler { OnExit = (_, _) => machine.Vm.RaiseSystemEvent(SystemEventType.Shutdown) };
        second.Run(1000).Should().Be(VmExit.System(1, SystemEventType.Shutdown));
        second.GetRegisters().Rip.Should().Be(0x2002);
    }

    [Fact]
    public void MessagesFromAnotherThread_WakeTheProcessorEveryTime()
    {
        const byte Vector = 0x50;
        TestMachine machine = Machine();
        machine.Vm.Clock = new ManualClock();
        machine.Handle(Vector, a =>
        {
            a.inc(__dword_ptr[TestMachine.Data]);
            a.mov(__dword_ptr[0xFEE0_00B0], 0);
            a.iretd();
        });
        machine.Load(TestMachine.Code, a =>
        {
            Label wait = a.CreateLabel();
            Label done = a.CreateLabel();
            a.Label(ref wait);
            a.cli(); // else the last one may come between the comparison and the HLT
            a.cmp(__dword_ptr[TestMachine.Data], 500);
            a.je(done);
            a.sti();
            a.hlt();
            a.jmp(wait);
            a.Label(ref done);
            a.hlt();
        });
        var sender = new Thread(() =>
        {
            for (uint i = 0; i < 500; i++)
            {
                machine.Vm.MessageInterrupts.Send(0xFEE0_0000, Vector);
                SpinWait.SpinUntil(() => machine.Ram.Read<uint>(TestMachine.Data) > i);
            }
        });
        sender.Start();
        machine.RunToHalt();
        sender.Join();
    }

    // Runs every vCPU on its thread until one exits, then stops the others.
    private static VmExit[] RunAll(TestMachine machine, Action<Assembler> code)
    {
        machine.Load(TestMachine.Code, code);
        machine.Vm.Clock = new ManualClock();
        var exits = new VmExit[machine.Vm.Vcpus.Count];
        Thread[] threads = [.. machine.Vm.Vcpus.Select((vcpu, i) => new Thread(() =>
        {
            do
            {
                exits[i] = vcpu.Run(200_000); // often back in the host, whose processors may be fewer
                Thread.Yield();
            }
            while (exits[i].InterruptCause == InterruptCause.Budget);

            foreach (VirtualCpu other in machine.Vm.Vcpus)
            {
                other.Kick();
            }
        }))];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        return exits;
    }

    private static void RealModeCode(TestMachine machine, ulong at, Action<Assembler> code) =>
        machine.Ram.Write(at, TestMachine.Assemble(16, 0, code));
}
