using System.Security.Cryptography;
using Iced.Intel;
using KvmSharp.Apic;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Apic;

/// <summary>Several vCPUs by turns: the same run every time, exact budgets and deadlines, jumps when all are halted.</summary>
public sealed class VcpuTurnsTests : ApicTests
{
    [Fact]
    public void TwoRuns_RacingProcessors_AreIdentical()
    {
        string first = Race([ulong.MaxValue]);
        Race([ulong.MaxValue]).Should().Be(first);
        Race([1, 17, 9_999, 1, 12_345, 40_000, ulong.MaxValue]).Should().Be(first, "where runs end changes nothing");
    }

    [Fact]
    public void Budget_IsExactOverAll()
    {
        TestMachine machine = Looping(3);
        var turns = new VcpuTurns(machine.Vm, slice: 100);
        turns.Run(750).InterruptCause.Should().Be(InterruptCause.Budget);
        machine.Vm.Vcpus.Select(v => v.InstructionsRetired).Should().Equal(300, 250, 200);
        machine.Vm.Clock.Now.Should().Be(750);
    }

    [Fact]
    public void Deadline_IsExactWhoeverRuns()
    {
        TestMachine machine = Looping(3);
        List<long> at = [];
        foreach (long due in new long[] { 50, 150, 250, 449, 450, 451 })
        {
            machine.Vm.Clock.CreateDeadline(() => at.Add(machine.Vm.Clock.Now)).Arm(due);
        }

        new VcpuTurns(machine.Vm, slice: 100).Run(1000);
        at.Should().Equal(50, 150, 250, 449, 450, 451);
    }

    [Fact]
    public void AllHalted_TimeJumpsToTheNextDeadlineOfAny()
    {
        TestMachine machine = Halting(2);
        VirtualCpu second = machine.Vm.Vcpus[1];
        Write(second, ApicRegister.LvtTimer, 0x45);
        Write(second, ApicRegister.InitialCount, 1_000_000);
        VmExit exit = new VcpuTurns(machine.Vm).Run(1000);
        exit.Reason.Should().Be(VmExitReason.Hlt);
        machine.Vm.Vcpus.Select(v => v.GetRegisters().Rbx).Should().Equal(0, 1);
        machine.Vm.Clock.Now.Should().BeInRange(2_000_000, 2_000_050);
    }

    [Fact]
    public void AllHalted_DeadlinesThatWakeNobody_EndByTheBudget()
    {
        TestMachine machine = Halting(2);
        int ticks = 0;
        IDeadline tick = null!;
        tick = machine.Vm.Clock.CreateDeadline(() =>
        {
            ticks++;
            tick.Arm(machine.Vm.Clock.Now + 100);
        });
        tick.Arm(100);
        new VcpuTurns(machine.Vm).Run(60).InterruptCause.Should().Be(InterruptCause.Budget);
        ticks.Should().BeInRange(40, 60);
        machine.Vm.Vcpus.Sum(v => (long)v.InstructionsRetired).Should().Be(60);
    }

    [Fact]
    public void Exit_BelongsToTheVcpuWhoseTurnItIs()
    {
        TestMachine machine = Looping(2);
        machine.Load(0x2000, a =>
        {
            a.@in(al, 0x55);
            a.mov(bl, al);
            a.@out(0x56, al);
        });
        var turns = new VcpuTurns(machine.Vm, slice: 50);
        VmExit exit = turns.Run(1000);
        (exit.VcpuId, exit.Port, turns.Current.Id).Should().Be((1, 0x55, 1));
        turns.Current.ExitData[0] = 0x77;
        exit = turns.Run(1000);
        (exit.VcpuId, exit.Port, exit.Value).Should().Be((1, 0x56, 0x77UL));
    }

    [Fact]
    public void Kick_EndsTheRun()
    {
        TestMachine machine = Looping(2);
        machine.Vm.Vcpus[1].Kick();
        VmExit exit = new VcpuTurns(machine.Vm, slice: 50).Run(1000);
        (exit.VcpuId, exit.InterruptCause).Should().Be((1, InterruptCause.Kick));
    }

    // Four processors write what they see of each other, with IPIs and timers between, until the counter is full.
    private string Race(ulong[] budgets)
    {
        const byte Ping = 0x50;
        const byte Tick = 0x60;
        TestMachine machine = Machine(4);
        foreach (byte vector in new[] { Ping, Tick })
        {
            machine.Handle(vector, a =>
            {
                a.inc(__dword_ptr[ebp + vector]);
                a.mov(__dword_ptr[0xFEE0_00B0], 0);
                a.iretd();
            });
        }

        machine.Load(TestMachine.Code, a =>
        {
            Label loop = a.CreateLabel();
            Label silent = a.CreateLabel();
            Label end = a.CreateLabel();
            a.mov(__dword_ptr[0xFEE0_0320], 0x2_0000 | Tick);
            a.mov(__dword_ptr[0xFEE0_0380], 3333);
            a.sti();
            a.Label(ref loop);
            a.mov(eax, 1);
            a.@lock.xadd(__dword_ptr[TestMachine.Data], eax);
            a.cmp(eax, 30_000);
            a.jae(end);
            a.imul(esi, esi, 33);
            a.add(esi, eax);
            a.test(eax, 0xFF);
            a.jne(silent);
            a.mov(__dword_ptr[0xFEE0_0300], 0x000C_4000 | Ping);
            a.hlt();
            a.Label(ref silent);
            a.jmp(loop);
            a.Label(ref end);
            a.cli();
            a.hlt();
        });
        foreach (VirtualCpu vcpu in machine.Vm.Vcpus)
        {
            machine.Prepare(vcpu, TestMachine.Code);
            vcpu.MpState = MpState.Runnable;
            vcpu.SetRegisters(vcpu.GetRegisters() with { Rbp = 0x9000UL + ((ulong)vcpu.Id * 0x100) });
        }

        var turns = new VcpuTurns(machine.Vm, slice: 1000);
        VmExit exit = default;
        foreach (ulong budget in budgets)
        {
            exit = turns.Run(budget);
        }

        exit.InterruptCause.Should().Be(InterruptCause.None);
        byte[] ram = new byte[TestMachine.RamSize];
        machine.Ram.TryRead(0, ram).Should().BeTrue();
        machine.Ram.Read<uint>(0x9150).Should().BePositive();
        string registers = string.Join(';', machine.Vm.Vcpus.Select(v => v.GetRegisters()));
        return $"{machine.Vm.Clock.Now} {Convert.ToHexString(SHA256.HashData(ram))} {registers}";
    }

    private TestMachine Looping(int vcpus) => Prepared(vcpus, a =>
    {
        Label top = a.CreateLabel();
        a.Label(ref top);
        a.nop();
        a.nop();
        a.jmp(top);
    });

    private TestMachine Halting(int vcpus)
    {
        TestMachine machine = Prepared(vcpus, a =>
        {
            a.sti();
            a.hlt();
            a.cli();
            a.hlt();
        });
        machine.Handle(0x45, a =>
        {
            a.inc(ebx);
            a.iretd();
        });
        return machine;
    }

    // The second vCPU has code of its own at 2000h: the same, unless a test puts something else there.
    private TestMachine Prepared(int vcpus, Action<Assembler> code)
    {
        TestMachine machine = Machine(vcpus);
        foreach (VirtualCpu vcpu in machine.Vm.Vcpus)
        {
            ulong at = vcpu.Id == 1 ? 0x2000 : TestMachine.Code;
            machine.Load(at, code);
            machine.Prepare(vcpu, at);
            vcpu.MpState = MpState.Runnable;
        }

        return machine;
    }
}
