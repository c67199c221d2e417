using Iced.Intel;
using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Api;

/// <summary>"Run takes an optional instruction budget and ends with Intr exactly there."</summary>
public sealed class BudgetTests
{
    private const uint Unmapped = 0x30_0000;

    public static TheoryData<string> Programs => ["Mixed", "Stepped", "Interrupted"];

    /// <summary>Running N at once and N times one is the same: registers, memory, count.</summary>
    [Theory]
    [MemberData(nameof(Programs))]
    public void Run_EveryBudget_EqualsAsManySingleSteps(string program)
    {
        using TestMachine single = Make(program);
        for (ulong n = 1; n <= 200; n++)
        {
            single.Run(1).InterruptCause.Should().Be(InterruptCause.Budget, "step {0} at {1:X}", n, single.Registers.Rip);
            single.Cpu.InstructionsRetired.Should().Be(n);
            using TestMachine whole = Make(program);

            whole.Run(n).InterruptCause.Should().Be(InterruptCause.Budget, "budget {0}", n);

            State(whole).Should().Be(State(single), "budget {0} and {0} steps", n);
        }
    }

    [Theory]
    [MemberData(nameof(Programs))]
    public void Run_SlicesOfAnySize_ReachTheSameState(string program)
    {
        using TestMachine whole = Make(program);
        whole.Run(1001);
        foreach (ulong slice in new ulong[] { 2, 3, 7, 13, 64 })
        {
            using TestMachine sliced = Make(program);
            for (ulong left = 1001; left > 0; left -= Math.Min(left, slice))
            {
                sliced.Run(Math.Min(left, slice));
            }

            State(sliced).Should().Be(State(whole), "slices of {0}", slice);
        }
    }

    private static string State(TestMachine machine)
    {
        byte[] ram = new byte[TestMachine.RamSize];
        machine.Ram.Read(0, ram);
        string hash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(ram));
        return $"{machine.Registers} {machine.Cpu.GetSpecialRegisters()} {machine.Cpu.GetDebugRegisters()} {machine.Cpu.GetEvents()} {machine.Cpu.InstructionsRetired} {hash}";
    }

    private static TestMachine Make(string program)
    {
        TestMachine machine = TestMachine.Protected(Mixed).EnablePaging();
        machine.MapPage(Unmapped, 0);
        machine.Handle(14, a =>
        {
            a.inc(__dword_ptr[TestMachine.Data + 0x100]);
            a.add(__dword_ptr[esp + 4], 2); // over the faulting MOV
            a.add(esp, 4);
            a.iretd();
        });
        machine.Handle(1, a =>
        {
            a.inc(__dword_ptr[TestMachine.Data + 0x104]);
            a.iretd();
        });
        machine.Handle(0x21, a =>
        {
            a.inc(__dword_ptr[TestMachine.Data + 0x108]);
            a.iretd();
        });
        machine.Vm.ExitHandler = new ByteSource();
        ulong flags = 2 | (program == "Stepped" ? TestMachine.TrapFlag : 0);
        machine.Set(r => r with { Rflags = flags, Rdx = 0x60 });
        if (program == "Interrupted")
        {
            machine.Set(r => r with { Rflags = 2 | TestMachine.InterruptFlag });
            machine.Vm.InterruptController = new OneShotController(machine.Vm, 0x21);
            IDeadline tick = null!;
            tick = machine.Vm.Clock.CreateDeadline(() =>
            {
                machine.Vm.InterruptLine.Drive(true);
                tick.Arm(machine.Vm.Clock.Now + 11);
            });
            tick.Arm(11);
        }

        return machine;
    }

    private static void Mixed(Assembler a)
    {
        Label top = a.CreateLabel();
        Label inner = a.CreateLabel();
        a.Label(ref top);
        a.mov(ecx, 5);
        a.mov(esi, (uint)TestMachine.Data);
        a.mov(edi, (uint)TestMachine.Data + 0x200);
        a.rep.movsd();
        a.mov(ecx, 3);
        a.Label(ref inner);
        a.add(__dword_ptr[TestMachine.Data + 4], ecx);
        a.@lock.inc(__dword_ptr[TestMachine.Data + 8]);
        a.dec(ecx);
        a.jne(inner);
        a.mov(ebx, Unmapped);
        a.mov(__dword_ptr[ebx], eax); // faults; two bytes
        a.add(__dword_ptr[TestMachine.Mmio], eax);
        a.@in(al, 0x60);
        a.mov(ecx, 3);
        a.mov(edi, (uint)TestMachine.Data + 0x300);
        a.rep.insb();
        a.sti();
        a.nop();
        a.push(ds);
        a.pop(ss);
        a.nop();
        a.cpuid();
        a.mov(edx, 0x60);
        a.jmp(top);
    }
}
