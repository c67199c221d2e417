using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Engine;

/// <summary>Running warm code allocates nothing: the collector never stops a guest.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Run_AMillionInstructions_AllocatesNothing()
    {
        using TestMachine machine = TestMachine.Protected(Program).EnablePaging();
        machine.MapPage(0x30_0000, 0);
        machine.Load(0x2000, a => a.ret());
        machine.Handle(14, a =>
        {
            a.add(__dword_ptr[esp + 4], 2);
            a.add(esp, 4);
            a.iretd();
        });
        machine.Vm.ExitHandler = new Doubles.ByteSource();
        for (ulong budget = 1; budget < 400; budget++)
        {
            machine.Run(budget); // wherever a run may begin has been decoded then
        }

        AllocatedBytes.Least(() => machine.Cpu.Run(1_000_000)).Should().Be(0);
        machine.Cpu.InstructionsRetired.Should().BeGreaterThan(1_000_000);
        machine.Cpu.Statistics.Exceptions.Should().BeGreaterThan(1000);
        machine.Cpu.Statistics.ExitsOf(VmExitReason.Io).Should().BeGreaterThan(1000);
    }

    [Fact]
    public void Run_ThatReturnsExits_AllocatesNothing()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.@in(al, 0x60);
            a.mov(__dword_ptr[TestMachine.Mmio], eax);
            a.jmp(top);
        });
        RunExits(machine, 100);

        AllocatedBytes.Least(() => RunExits(machine, 10_000)).Should().Be(0);
    }

    private static void RunExits(TestMachine machine, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (machine.Cpu.Run().Direction == ExitDirection.Read)
            {
                machine.Cpu.ExitData[0] = (byte)i;
            }
        }
    }

    private static void Program(Assembler a)
    {
        Label top = a.CreateLabel();
        a.Label(ref top);
        a.mov(eax, __dword_ptr[TestMachine.Data]);
        a.add(__dword_ptr[TestMachine.Data + 4], eax);
        a.call(0x2000);
        a.mov(ebx, 0x2000);
        a.call(ebx);
        a.mov(ecx, 20);
        a.mov(esi, (uint)TestMachine.Data);
        a.mov(edi, (uint)TestMachine.Data + 0x800);
        a.rep.movsd();
        a.mov(edx, 0x60);
        a.@in(al, dx);
        a.@out(dx, al);
        a.mov(ecx, 5);
        a.mov(edi, (uint)TestMachine.Data + 0x900);
        a.rep.insb();
        a.add(__dword_ptr[TestMachine.Mmio], eax);
        a.@lock.inc(__dword_ptr[TestMachine.Data + 8]);
        a.mov(ebx, 0x30_0000);
        a.mov(__dword_ptr[ebx], eax); // faults; two bytes
        a.inc(__byte_ptr[TestMachine.Code + 0xF00]); // data beside code
        a.jmp(top);
    }
}
