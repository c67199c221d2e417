using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Observing;

/// <summary>Each instruction that begins is told once, and counted once, with either engine, and nothing else changes.</summary>
public sealed class ObservedInstructionTests
{
    private readonly Notebook _seen = new();

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void OnInstruction_Loop_TellsEveryInstructionInOrder(EngineKind engine)
    {
        using TestMachine machine = TestMachine.On(engine, Loop);
        machine.Vm.Observer = _seen;
        machine.Vm.ObservesInstructions = true;

        machine.RunToHalt();

        ulong[] body = [0x1005, 0x1007, 0x1008];
        _seen.Instructions.Select(p => p.Rip).Should().Equal([0x1000, .. Enumerable.Repeat(body, 100).SelectMany(b => b), 0x100A]);
        _seen.Instructions.Select(p => p.Instructions).Should().Equal(Enumerable.Range(0, 302).Select(i => (ulong)i));
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void CountsInstructions_Loop_CountsEveryBeginning(EngineKind engine)
    {
        using TestMachine machine = TestMachine.On(engine, Loop);
        machine.Vm.CountsInstructions = true;

        machine.RunToHalt();

        machine.Vm.GetExecutedInstructions().Select(i => (i.Linear, i.Count, i.Bytes.Length)).Should().Equal(
            (0x1000, 1UL, 5), (0x1005, 100UL, 2), (0x1007, 100UL, 1), (0x1008, 100UL, 2), (0x100A, 1UL, 1));
        machine.Vm.GetExecutedInstructions()[^1].Bytes.ToArray().Should().Equal(0xF4);
    }

    [Fact]
    public void CountsInstructions_OffInTheMiddle_KeepsWhatWasCounted()
    {
        using TestMachine machine = TestMachine.On(EngineKind.Translator, Loop);
        machine.Vm.CountsInstructions = true;
        machine.Run(1 + (3 * 10));
        machine.Vm.CountsInstructions = false;
        machine.RunToHalt();

        machine.Vm.GetExecutedInstructions().Select(i => i.Count).Should().Equal(1, 10, 10, 10);
    }

    [Fact]
    public void OnInstruction_ThatAnExitLeftUnfinished_IsToldOnce()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.mov(__dword_ptr[TestMachine.Mmio], eax);
            a.hlt();
        });
        machine.Vm.Observer = _seen;
        machine.Vm.ObservesInstructions = machine.Vm.CountsInstructions = true;

        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.Cpu.CompletePendingExit().Should().BeTrue();
        machine.Run().Reason.Should().Be(VmExitReason.Mmio);
        machine.RunToHalt();

        _seen.Instructions.Select(p => p.Rip).Should().Equal(0x1000, 0x1002, 0x1007);
        machine.Vm.GetExecutedInstructions().Should().OnlyContain(i => i.Count == 1);
    }

    [Fact]
    public void OnInstruction_InterceptedToo_IsToldBeforeTheExitAndOnce()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.cpuid();
            a.hlt();
        });
        machine.Vm.Observer = _seen;
        machine.Vm.ObservesInstructions = machine.Vm.CountsInstructions = true;
        machine.Cpu.Intercepts = new InterceptControls { Cpuid = InterceptMode.Exit };

        machine.Run().Intercept.Should().Be(InterceptKind.Cpuid);
        _seen.Instructions.Select(p => p.Rip).Should().Equal(0x1000);
        machine.RunToHalt();

        _seen.Instructions.Select(p => p.Rip).Should().Equal(0x1000, 0x1002);
    }

    [Fact]
    public void OnInstruction_CodeThatChangesItself_IsToldAsItIs()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__byte_ptr[0x1007], 0x43); // the next instruction becomes inc ebx
            a.nop();
            a.hlt();
        });
        machine.Vm.Observer = _seen;
        machine.Vm.ObservesInstructions = machine.Vm.CountsInstructions = true;

        machine.RunToHalt();

        _seen.Instructions.Select(p => p.Rip).Should().Equal(0x1000, 0x1007, 0x1008);
        machine.Vm.GetExecutedInstructions().Single(i => i.Linear == 0x1007).Bytes.ToArray().Should().Equal(0x43);
        machine.Registers.Rbx.Should().Be(1);
    }

    [Fact]
    public void Run_ObservedAndNot_ComputesTheSame()
    {
        static (GeneralRegisters Registers, ulong Instructions) Run(bool observed)
        {
            using TestMachine machine = TestMachine.Protected(Mixed).EnablePaging();
            machine.Handle(6, a =>
            {
                a.add(__dword_ptr[esp], 2);
                a.iretd();
            });
            machine.Vm.Observer = observed ? new Notebook() : null;
            machine.Vm.ObservesInstructions = machine.Vm.CountsInstructions = observed;
            machine.Vm.WatchedMemory = observed ? [new ObservedRange(TestMachine.Data, 0x1000)] : [];
            machine.RunToHalt();
            return (machine.Registers, machine.Cpu.InstructionsRetired);
        }

        Run(observed: true).Should().Be(Run(observed: false));
    }

    private static void Loop(Assembler a)
    {
        Label top = a.CreateLabel();
        a.mov(ecx, 100);
        a.Label(ref top);
        a.add(eax, ecx);
        a.dec(ecx);
        a.jne(top);
        a.hlt();
    }

    private static void Mixed(Assembler a)
    {
        Label top = a.CreateLabel();
        a.mov(ebp, 50);
        a.Label(ref top);
        a.mov(esi, (uint)TestMachine.Data);
        a.mov(edi, (uint)TestMachine.Data + 0x100);
        a.mov(ecx, 30);
        a.rep.movsd();
        a.@lock.inc(__dword_ptr[TestMachine.Data + 8]);
        a.adc(eax, __dword_ptr[TestMachine.Data + 8]);
        a.ud2();
        a.pushad();
        a.popad();
        a.dec(ebp);
        a.jne(top);
        a.hlt();
    }
}
