using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Regions;

/// <summary>When code is translated and when it is dropped. That it does the same is what the comparisons in <c>Lockstep</c> show.</summary>
public class TranslatorTests
{
    [Fact]
    public void Run_HotLoop_RunsTranslated()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Translator, SumOfLoop);

        machine.Cpu.Run(100_000);

        machine.Cpu.Statistics.RegionsTranslated.Should().BePositive();
        machine.Cpu.Statistics.InstructionsTranslated.Should().BePositive();
        machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BeGreaterThan(90_000);
        machine.Cpu.Statistics.TranslationTime.Should().BePositive();
    }

    [Fact]
    public void Run_InterpreterAlone_TranslatesNothing()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Interpreter, SumOfLoop);

        machine.Cpu.Run(100_000);

        machine.Cpu.Statistics.RegionsTranslated.Should().Be(0);
        machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().Be(0);
    }

    [Fact]
    public void Run_Auto_TranslatesInTheBackground()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Auto, SumOfLoop);

        // The compiler has its own thread; so many instructions take the interpreter longer than a region takes RyuJIT.
        for (int i = 0; i < 2000 && machine.Cpu.Statistics.InstructionsRetiredTranslated == 0; i++)
        {
            machine.Cpu.Run(1_000_000);
        }

        machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BePositive();
    }

    [Fact]
    public void Run_AnyBudget_EndsExactlyThere()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Translator, SumOfLoop);
        machine.Cpu.Run(10_000);
        for (ulong budget = 1; budget < 200; budget++)
        {
            ulong before = machine.Cpu.InstructionsRetired;

            machine.Cpu.Run(budget);

            (machine.Cpu.InstructionsRetired - before).Should().Be(budget);
        }
    }

    [Fact]
    public void Run_CodeIsWrittenFromOutside_NewCodeRuns()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Translator, a =>
        {
            Label top = a.CreateLabel();
            a.Label(ref top);
            a.mov(eax, 1);
            a.inc(ecx);
            a.jmp(top);
        });
        machine.Cpu.Run(3000);
        machine.Eax.Should().Be(1);

        machine.Ram.Write(TestMachine.Code + 1, [2]);
        machine.Cpu.Run(3000);

        machine.Eax.Should().Be(2);
        machine.Cpu.Statistics.RegionsDropped.Should().BePositive();
    }

    [Fact]
    public void Run_MoreCodeThanTheLimit_DropsRegionsAndGoesOn()
    {
        const int Loops = 40;
        using TestMachine machine = TestMachine.On(
            EngineKind.Translator,
            a =>
            {
                Label again = a.CreateLabel();
                a.Label(ref again);
                for (int i = 0; i < Loops; i++)
                {
                    Label top = a.CreateLabel();
                    a.mov(ecx, 100);
                    a.Label(ref top);
                    a.add(eax, ecx);
                    a.dec(ecx);
                    a.jnz(top);
                }

                a.inc(ebx);
                a.jmp(again);
            },
            translatedCode: 16 << 10);

        machine.Cpu.Run(1 + (10 * ((Loops * 301) + 2)));

        machine.Registers.Rbx.Should().Be(10);
        machine.Eax.Should().Be(10 * Loops * 5050);
        machine.Cpu.Statistics.RegionsDropped.Should().BePositive();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Run_PortsAndStringsInALoop_StayInTheRegionAndDoTheSame(bool backward)
    {
        using TestMachine machine = TestMachine.On(EngineKind.Translator, a => PortsAndStrings(a, backward));
        using TestMachine interpreted = TestMachine.On(EngineKind.Interpreter, a => PortsAndStrings(a, backward));
        byte[] memory = new byte[0x400];
        byte[] expected = new byte[0x400];
        foreach (TestMachine each in new[] { machine, interpreted })
        {
            each.Vm.ExitHandler = new Doubles.ByteSource();
            each.Cpu.Run(100_000);
        }

        machine.Ram.Read(TestMachine.Data, memory);
        interpreted.Ram.Read(TestMachine.Data, expected);
        machine.Registers.Should().Be(interpreted.Registers);
        memory.Should().Equal(expected);
        machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BeGreaterThan(99_000);
    }

    [Fact]
    public void Run_RegionsAndTheirSideExits_AllocateNothing()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Translator, a =>
        {
            Label top = a.CreateLabel();
            a.fninit(); // else FLD1 meets the error that the stack's state after reset makes, and waits for ever
            a.Label(ref top);
            a.mov(eax, __dword_ptr[TestMachine.Data]);
            a.fld1();
            a.fstp(st0);
            a.@in(al, 0x60);
            a.jmp(top);
        });
        machine.Vm.ExitHandler = new Doubles.ByteSource();
        for (ulong budget = 1; budget < 100; budget++)
        {
            machine.Run(budget);
        }

        AllocatedBytes.Least(() => machine.Cpu.Run(100_000)).Should().Be(0);
        machine.Cpu.Statistics.InstructionsRetiredTranslated.Should().BePositive();
    }

    private static void PortsAndStrings(Assembler a, bool backward)
    {
        Label top = a.CreateLabel();
        if (backward)
        {
            a.std();
        }

        a.Label(ref top);
        a.@in(al, 0x60);
        a.mov(edi, (uint)TestMachine.Data + 200);
        a.stosb();
        a.mov(ecx, 100);
        a.rep.stosb();
        a.lea(esi, __[edi + 50]);
        a.lodsw();
        a.movsd();
        a.mov(ecx, 9);
        a.rep.movsd();
        a.mov(ecx, 60);
        a.mov(edi, (uint)TestMachine.Data + 220);
        a.repne.scasb();
        a.adc(edx, ecx);
        a.mov(ecx, 60);
        a.repe.cmpsb();
        a.adc(edx, ecx);
        a.jmp(top);
    }

    private static void SumOfLoop(Assembler a)
    {
        Label top = a.CreateLabel();
        a.Label(ref top);
        a.add(eax, ecx);
        a.mov(__dword_ptr[TestMachine.Data], eax);
        a.inc(ecx);
        a.cmp(ecx, 1000);
        a.jb(top);
        a.xor(ecx, ecx);
        a.jmp(top);
    }
}
