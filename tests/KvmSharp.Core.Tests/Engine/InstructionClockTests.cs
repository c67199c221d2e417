using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Engine;

/// <summary>"Deterministic mode: timers fire exactly at their count."</summary>
public sealed class InstructionClockTests
{
    [Fact]
    public void Deadline_InTheMiddleOfABlock_ComesExactlyAtItsCount()
    {
        using TestMachine machine = Nops();
        List<(long Now, ulong Retired)> fired = [];
        foreach (long due in new long[] { 1, 2, 3, 17, 18, 40 })
        {
            machine.Vm.Clock.CreateDeadline(() => fired.Add((machine.Vm.Clock.Now, machine.Cpu.InstructionsRetired))).Arm(due);
        }

        machine.Run(45);

        fired.Should().Equal((1, 1UL), (2, 2UL), (3, 3UL), (17, 17UL), (18, 18UL), (40, 40UL));
    }

    [Fact]
    public void Deadline_InTheMiddleOfARep_ComesExactlyAtItsCount()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.rep.stosb();
            a.hlt();
        });
        machine.Set(r => r with { Rdi = TestMachine.Data, Rcx = 1000, Rax = 1 });
        ulong at = 0;
        machine.Vm.Clock.CreateDeadline(() => at = machine.Cpu.InstructionsRetired).Arm(777);

        machine.RunToHalt();

        at.Should().Be(777);
        machine.Cpu.InstructionsRetired.Should().Be(1001);
    }

    [Fact]
    public void Deadline_ArmedByADeviceAccess_ComesExactlyAtItsCount()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.nop();
            a.@out(0x10, al);
            for (int i = 0; i < 40; i++)
            {
                a.nop();
            }

            a.hlt();
        });
        ulong at = 0;
        IDeadline deadline = machine.Vm.Clock.CreateDeadline(() => at = machine.Cpu.InstructionsRetired);
        machine.Vm.ExitHandler = new RecordingHandler { OnExit = (_, _) => deadline.Arm(machine.Vm.Clock.Now + 5) };

        machine.RunToHalt();

        at.Should().Be(1 + 5, "the access happens at count 1");
        deadline.IsArmed.Should().BeFalse();
    }

    [Fact]
    public void Deadline_EqualTimes_ComeInTheOrderOfArming()
    {
        using TestMachine machine = Nops();
        List<int> order = [];
        for (int i = 0; i < 4; i++)
        {
            int number = i;
            machine.Vm.Clock.CreateDeadline(() => order.Add(number)).Arm(9);
        }

        machine.Run(20);

        order.Should().Equal(0, 1, 2, 3);
    }

    [Fact]
    public void Deadline_DisarmedOrMoved_ObeysTheLastWord()
    {
        using TestMachine machine = Nops();
        List<long> fired = [];
        IDeadline gone = machine.Vm.Clock.CreateDeadline(() => fired.Add(-1));
        IDeadline moved = machine.Vm.Clock.CreateDeadline(() => fired.Add(machine.Vm.Clock.Now));
        gone.Arm(5);
        moved.Arm(6);
        gone.Disarm();
        moved.Arm(30);
        gone.IsArmed.Should().BeFalse();

        machine.Run(40);

        fired.Should().Equal(30);
    }

    [Fact]
    public void Deadline_ArmsItselfForNow_LetsInstructionsRunBetween()
    {
        using TestMachine machine = Nops();
        int fired = 0;
        IDeadline deadline = null!;
        deadline = machine.Vm.Clock.CreateDeadline(() =>
        {
            fired++;
            deadline.Arm(machine.Vm.Clock.Now);
        });
        deadline.Arm(0);

        machine.Run(30).InterruptCause.Should().Be(InterruptCause.Budget);

        machine.Cpu.InstructionsRetired.Should().Be(30);
        fired.Should().Be(31, "once at each count from 0 to 30");
    }

    [Fact]
    public void Deadline_ChangesMappings_DoesNotWaitForItself()
    {
        using TestMachine machine = Nops();
        machine.Vm.Clock.CreateDeadline(() =>
        {
            machine.Vm.A20Gate.Drive(false);
            machine.Vm.SetUserMemoryRegion(new MemorySlot(5, 0x80_0000, 0x1000));
        }).Arm(10);

        machine.Run(40).InterruptCause.Should().Be(InterruptCause.Budget);

        machine.Ram.Slots.Should().HaveCount(2);
    }

    [Fact]
    public void Rdtsc_InstructionClock_CountsInstructions()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.rdtsc();
            a.mov(ebx, eax);
            a.nop();
            a.rdtsc();
            a.hlt();
        });

        machine.RunToHalt();

        (machine.Eax - (uint)machine.Registers.Rbx).Should().Be(3);
    }

    /// <summary>The same program twice gives the same trace: every event with its count, and the state at the end.</summary>
    [Fact]
    public void Run_SameProgramTwice_GivesIdenticalTraces()
    {
        string first = Trace(slice: 100_000);

        Trace(slice: 100_000).Should().Be(first);
        Trace(slice: 997).Should().Be(first, "slices are no part of the program");
        first.Should().Contain("48"); // the timer's vector, so that the trace is not empty
    }

    private static string Trace(ulong slice)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.sti();
            a.Label(ref top);
            a.@in(al, 0x60);
            a.add(ebx, eax);
            a.rdtsc();
            a.xor(esi, eax);
            a.mov(ecx, 10);
            a.mov(edi, (uint)TestMachine.Data);
            a.rep.stosb();
            a.ud2();
            a.hlt();
            a.jmp(top);
        });
        machine.Handle(6, a =>
        {
            a.add(__dword_ptr[esp], 2);
            a.iretd();
        });
        machine.Handle(48, a => a.iretd());
        var trace = new Trail();
        machine.Vm.EventObserver = trace;
        machine.Vm.ExitHandler = new ByteSource();
        machine.Vm.InterruptController = new OneShotController(machine.Vm, 48);
        IDeadline tick = null!;
        tick = machine.Vm.Clock.CreateDeadline(() =>
        {
            machine.Vm.InterruptLine.Drive(true);
            tick.Arm(machine.Vm.Clock.Now + 137);
        });
        tick.Arm(137);
        for (ulong left = 100_000; left > 0; left -= Math.Min(left, slice))
        {
            machine.Run(Math.Min(left, slice)).InterruptCause.Should().Be(InterruptCause.Budget);
        }

        return $"{trace.Text}{machine.Registers}{machine.Vm.Clock.Now}";
    }

    private static TestMachine Nops() => TestMachine.Protected(a =>
    {
        Iced.Intel.Label top = a.CreateLabel();
        a.Label(ref top);
        for (int i = 0; i < 50; i++)
        {
            a.nop();
        }

        a.jmp(top);
    });

    private sealed class Trail : IEventObserver
    {
        public System.Text.StringBuilder Text { get; } = new();

        public void OnEvent(int vcpuId, byte vector, bool isExternal, uint? errorCode, ulong instructionsRetired) =>
            Text.Append(System.Globalization.CultureInfo.InvariantCulture, $"{vector}@{instructionsRetired} ");
    }
}
