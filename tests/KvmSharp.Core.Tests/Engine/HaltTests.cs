using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Engine;

/// <summary>HLT: "With an interrupt chip attached HLT waits inside Run; without one, HLT exits at once."</summary>
public sealed class HaltTests
{
    private const byte Vector = 0x30;

    [Fact]
    public void Halt_NoController_ExitsAndRunsOnBehindIt()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.hlt();
            a.inc(ebx);
            a.hlt();
        });

        machine.Run().Should().Be(VmExit.Plain(0, VmExitReason.Hlt));
        machine.Registers.Rip.Should().Be(TestMachine.Code + 1);
        machine.RunToHalt();
        machine.Registers.Rbx.Should().Be(1);
    }

    [Fact]
    public void Halt_ControllerAndLineAsserted_WakesAtOnce()
    {
        using TestMachine machine = Halting(out OneShotController controller);
        controller.Request();

        machine.RunToHalt();

        controller.Acknowledged.Should().Be(1);
        machine.Registers.Rbx.Should().Be(1);
    }

    [Fact]
    public void Halt_LineAssertedByAnotherThread_Wakes()
    {
        using TestMachine machine = Halting(out OneShotController controller);
        machine.Vm.Clock = new StoppedClock();
        var driver = new Thread(() =>
        {
            SpinWait.SpinUntil(() => machine.Cpu.MpState == MpState.Halted);
            controller.Request();
        });
        driver.Start();

        machine.RunToHalt();

        driver.Join();
        machine.Registers.Rbx.Should().Be(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Halt_KickOrCancellation_EndsTheWait(bool kick)
    {
        using TestMachine machine = Halting(out _);
        machine.Vm.Clock = new StoppedClock();
        using var source = new CancellationTokenSource();
        var waker = new Thread(() =>
        {
            SpinWait.SpinUntil(() => machine.Cpu.MpState == MpState.Halted);
            if (kick)
            {
                machine.Cpu.Kick();
            }
            else
            {
                source.Cancel();
            }
        });
        waker.Start();

        VmExit exit = machine.Cpu.Run(cancellation: source.Token);

        waker.Join();
        exit.InterruptCause.Should().Be(kick ? InterruptCause.Kick : InterruptCause.Cancellation);
        machine.Cpu.MpState.Should().Be(MpState.Halted, "it still waits");
    }

    [Fact]
    public void Halt_NmiFromAnotherThread_Wakes()
    {
        using TestMachine machine = Halting(out _);
        machine.Handle(2, a =>
        {
            a.mov(ecx, 1);
            a.iretd();
        });
        machine.Vm.Clock = new StoppedClock();
        var waker = new Thread(() =>
        {
            SpinWait.SpinUntil(() => machine.Cpu.MpState == MpState.Halted);
            machine.Vm.NmiLine.Drive(true);
        });
        waker.Start();

        machine.RunToHalt();

        waker.Join();
        (machine.Registers.Rcx, machine.Registers.Rbx).Should().Be((1UL, 0UL));
    }

    [Fact]
    public void Halt_InterruptsOff_ExitsEvenWithAControllerAndDeadlines()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.cli();
            a.hlt();
        });
        machine.Vm.InterruptController = new OneShotController(machine.Vm, Vector);
        IDeadline tick = null!;
        tick = machine.Vm.Clock.CreateDeadline(() => tick.Arm(machine.Vm.Clock.Now + 100));
        tick.Arm(100);

        machine.RunToHalt();
        machine.RunToHalt();
    }

    [Fact]
    public void Halt_InstructionClockWithoutDeadline_Exits()
    {
        using TestMachine machine = Halting(out _);

        machine.RunToHalt();

        machine.Cpu.MpState.Should().Be(MpState.Halted);
        machine.Registers.Rbx.Should().Be(0);
    }

    [Fact]
    public void Halt_InstructionClock_JumpsToTheDeadline()
    {
        using TestMachine machine = Halting(out OneShotController controller);
        long at = 0;
        machine.Vm.Clock.CreateDeadline(() =>
        {
            at = machine.Vm.Clock.Now;
            controller.Request();
        }).Arm(1_000_000_000);

        machine.RunToHalt();

        at.Should().Be(1_000_000_000);
        machine.Cpu.InstructionsRetired.Should().BeLessThan(10);
        machine.Registers.Rbx.Should().Be(1);
    }

    [Fact]
    public void Halt_DeadlinesThatWakeNobody_EndByTheBudget()
    {
        using TestMachine machine = Halting(out _);
        int ticks = 0;
        IDeadline tick = null!;
        tick = machine.Vm.Clock.CreateDeadline(() =>
        {
            ticks++;
            tick.Arm(machine.Vm.Clock.Now + 100);
        });
        tick.Arm(100);

        machine.Run(50).InterruptCause.Should().Be(InterruptCause.Budget);

        ticks.Should().BeInRange(40, 50);
        machine.Cpu.InstructionsRetired.Should().Be(50);
    }

    private static TestMachine Halting(out OneShotController controller)
    {
        TestMachine machine = TestMachine.Protected(a =>
        {
            a.sti();
            a.hlt();
            a.cli();
            a.hlt();
        });
        machine.Handle(Vector, a =>
        {
            a.inc(ebx);
            a.iretd();
        });
        controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        return machine;
    }

    /// <summary>A clock that the vCPU does not drive, so that HLT really waits; no deadline of it ever comes.</summary>
    private sealed class StoppedClock : IVirtualClock
    {
        public long Now => 0;

        public IDeadline CreateDeadline(Action callback) => throw new NotSupportedException();
    }
}
