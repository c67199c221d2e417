using KvmSharp.Apic;

namespace KvmSharp.Tests.Apic;

/// <summary>KVM_GET_LAPIC and KVM_SET_LAPIC: another machine goes on as the first would have.</summary>
public sealed class LocalApicStateTests : ApicTests
{
    [Fact]
    public void SaveLoad_Disturbed_LosesNothing()
    {
        TestMachine machine = Machine(2);
        Disturb(machine);
        TestMachine other = Machine(2);
        for (int i = 0; i < 2; i++)
        {
            LocalApicState saved = machine.Vm.Vcpus[i].GetLocalApic();
            saved.Should().NotBe(other.Vm.Vcpus[i].GetLocalApic());
            other.Vm.Vcpus[i].SetSpecialRegisters(machine.Vm.Vcpus[i].GetSpecialRegisters());
            other.Vm.Vcpus[i].SetLocalApic(saved);
            LocalApicState loaded = other.Vm.Vcpus[i].GetLocalApic();
            loaded.Should().Be(saved);
        }

        Read(other.Cpu, ApicRegister.CurrentCount).Should().Be(Read(machine.Cpu, ApicRegister.CurrentCount));
        ApicOf(other.Cpu).TryAcknowledge(out byte vector).Should().BeTrue();
        vector.Should().Be(0x91);
    }

    [Fact]
    public void Load_TimerUnderWay_FiresAtTheSameTime()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.LvtTimer, 0x45);
        Write(machine.Cpu, ApicRegister.InitialCount, 30);
        TestMachine other = Machine();
        other.Cpu.SetLocalApic(machine.Cpu.GetLocalApic());
        foreach (TestMachine each in new[] { machine, other })
        {
            each.Load(TestMachine.Code, a =>
            {
                for (int i = 0; i < 100; i++)
                {
                    a.nop();
                }
            });
            each.Run(59);
            Requests(each.Cpu).Should().BeEmpty();
            each.Run(1);
            each.Cpu.GetLocalApic();
            Requests(each.Cpu).Should().Equal(0x45);
        }
    }

    [Fact]
    public void Load_PendingInitAndStart_AreServed()
    {
        TestMachine machine = Machine(2);
        Write(machine.Cpu, ApicRegister.InterruptCommand, 0x000C_4500);
        Write(machine.Cpu, ApicRegister.InterruptCommand, 0x000C_4603);
        TestMachine other = Machine(2);
        other.Vm.Vcpus[1].SetLocalApic(machine.Vm.Vcpus[1].GetLocalApic());
        other.Vm.Vcpus[1].Run(0);
        other.Vm.Vcpus[1].GetSpecialRegisters().Cs.Selector.Should().Be(0x300);
    }

    private static void Disturb(TestMachine machine)
    {
        VirtualCpu cpu = machine.Cpu;
        Write(cpu, ApicRegister.TaskPriority, 0x23);
        Write(cpu, ApicRegister.LogicalDestination, 0x0100_0000);
        Write(cpu, ApicRegister.DestinationFormat, 0);
        Write(cpu, ApicRegister.LvtTimer, 0x2_0045);
        Write(cpu, ApicRegister.DivideConfiguration, 3);
        Write(cpu, ApicRegister.InitialCount, 1_000_000);
        Write(cpu, ApicRegister.LvtLint0, 0x8048);
        machine.Vm.InterruptLine.Drive(true);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0xC081);
        ApicOf(cpu).TryAcknowledge(out _);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x91);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x05);
        Write(cpu, ApicRegister.InterruptCommandHigh, 0x0100_0000);
        Write(cpu, ApicRegister.InterruptCommand, 0x4500);
    }
}
