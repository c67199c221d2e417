using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Concurrency;

/// <summary>Changes of slots reach every vCPU before the call returns; waiting vCPUs and lock owners do not stand in the way.</summary>
public sealed class ShootDownTests
{
    private const ulong Far = 0x40_0000;

    [Fact]
    public void SetUserMemoryRegion_FourVcpusRunning_AllSeeTheNewSlot()
    {
        using TestMachine machine = TestMachine.Protected();
        VirtualCpu[] vcpus = [machine.Cpu, machine.AddVcpu(1), machine.AddVcpu(2), machine.AddVcpu(3)];
        foreach (VirtualCpu vcpu in vcpus)
        {
            uint own = (uint)TestMachine.Data + ((uint)vcpu.Id * 64);
            ulong code = TestMachine.Code + ((ulong)vcpu.Id * 0x100);
            machine.Load(code, a =>
            {
                Label top = a.CreateLabel();
                a.Label(ref top);
                a.mov(eax, __dword_ptr[Far]);
                a.mov(__dword_ptr[own], eax);
                a.inc(__dword_ptr[own + 4]);
                a.jmp(top);
            });
            machine.Prepare(vcpu, code);
        }

        machine.Vm.ExitHandler = new Doubles.ByteSource();
        machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
        Thread[] threads = [.. vcpus.Select(v => new Thread(() => v.Run()))];
        Array.ForEach(threads, t => t.Start());

        for (uint i = 1; i <= 10; i++)
        {
            // Another size each time, so fresh memory each time.
            machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000 * (1 + (i % 2))));
            machine.Ram.Write(Far, i);
            foreach (VirtualCpu vcpu in vcpus)
            {
                ulong own = TestMachine.Data + ((ulong)vcpu.Id * 64);
                uint rounds = machine.Ram.Read<uint>(own + 4);
                SpinWait.SpinUntil(() => machine.Ram.Read<uint>(own + 4) - rounds >= 2);
                machine.Ram.Read<uint>(own).Should().Be(i);
            }
        }

        Array.ForEach(vcpus, v => v.Kick());
        Array.ForEach(threads, t => t.Join());
    }

    /// <summary>One vCPU's locked device access changes a slot while another vCPU waits for the bus lock: neither waits for ever.</summary>
    [Fact]
    public void SetUserMemoryRegion_UnderTheBusLock_DoesNotDeadlock()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Label top = a.CreateLabel();
            a.mov(ecx, 300);
            a.Label(ref top);
            a.@lock.inc(__dword_ptr[TestMachine.Mmio]);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });
        machine.Vm.ExitHandler = new Doubles.RecordingHandler
        {
            OnExit = (exit, _) =>
            {
                if (exit.VcpuId == 0 && exit.Direction == ExitDirection.Write)
                {
                    machine.Vm.SetUserMemoryRegion(new MemorySlot(1, Far, 0x1000));
                    machine.Vm.SetUserMemoryRegion(new MemorySlot(1, 0, 0));
                }
            },
        };
        machine.Load(0x2000, a =>
        {
            Label top = a.CreateLabel();
            a.mov(ecx, 3000);
            a.Label(ref top);
            a.@lock.inc(__dword_ptr[TestMachine.Data + 62]);
            a.dec(ecx);
            a.jne(top);
            a.hlt();
        });

        Crew.Run(machine, TestMachine.Code, 0x2000);

        machine.Ram.Read<uint>(TestMachine.Data + 62).Should().Be(3000);
    }

    [Fact]
    public void CreateVcpu_WhileOthersRun_Works()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.inc(__dword_ptr[TestMachine.Data]);
            a.jmp(top);
        });
        var thread = new Thread(() => machine.Cpu.Run());
        thread.Start();

        machine.Load(0x2000, a =>
        {
            a.mov(eax, 1);
            a.hlt();
        });
        for (int id = 1; id < 8; id++)
        {
            VirtualCpu vcpu = machine.AddVcpu(id);
            machine.Prepare(vcpu, 0x2000);
            vcpu.Run(100).Reason.Should().Be(VmExitReason.Hlt);
        }

        machine.Cpu.Kick();
        thread.Join();
        machine.Vm.Invoking(v => v.CreateVcpu(3)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Exists);
        machine.Vm.Invoking(v => v.CreateVcpu(VirtualMachine.MaxVcpus)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Invalid);
    }
}
