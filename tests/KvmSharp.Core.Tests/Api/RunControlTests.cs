using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Api;

/// <summary>What ends a run from outside: kick, immediate exit, budget, cancellation, disposal; and who may run.</summary>
public sealed class RunControlTests
{
    private static TestMachine Spinning() => TestMachine.Protected(a =>
    {
        Iced.Intel.Label top = a.CreateLabel();
        a.Label(ref top);
        a.inc(eax);
        a.jmp(top);
    });

    [Fact]
    public void Kick_BeforeRun_EndsThatRunAndOnlyThatOne()
    {
        using TestMachine machine = Spinning();

        machine.Cpu.Kick();

        machine.Cpu.Run().Should().Be(VmExit.Interrupted(0, InterruptCause.Kick));
        machine.Cpu.InstructionsRetired.Should().Be(0);
        machine.Run(1000).InterruptCause.Should().Be(InterruptCause.Budget);
    }

    [Fact]
    public void Kick_BesideImmediateExit_IsKeptForTheNextRun()
    {
        using TestMachine machine = Spinning();
        machine.Cpu.Kick();
        machine.Cpu.ImmediateExit = true;
        machine.Cpu.Run().InterruptCause.Should().Be(InterruptCause.ImmediateExit);

        machine.Cpu.ImmediateExit = false;

        machine.Run(1000).InterruptCause.Should().Be(InterruptCause.Kick);
        machine.Run(1000).InterruptCause.Should().Be(InterruptCause.Budget);
    }

    [Fact]
    public void ImmediateExit_Set_StaysUntilCleared()
    {
        using TestMachine machine = Spinning();
        machine.Cpu.ImmediateExit = true;

        for (int i = 0; i < 3; i++)
        {
            machine.Run(1000).InterruptCause.Should().Be(InterruptCause.ImmediateExit);
        }

        machine.Cpu.InstructionsRetired.Should().Be(0);
        machine.Cpu.ImmediateExit = false;
        machine.Run(1000).InterruptCause.Should().Be(InterruptCause.Budget);
    }

    /// <summary>Each run without a budget ends only by its kick: a lost one would hang here.</summary>
    [Fact]
    public void Kick_FromAnotherThreadUnderStress_IsNeverLost()
    {
        const int Kicks = 3000;
        using TestMachine machine = Spinning();
        int ended = 0;
        using var done = new SemaphoreSlim(0);
        var kicker = new Thread(() =>
        {
            for (int i = 0; i < Kicks; i++)
            {
                machine.Cpu.Kick();
                done.Wait();
            }
        });
        kicker.Start();

        for (; ended < Kicks; ended++)
        {
            VmExit exit = machine.Cpu.Run();
            exit.InterruptCause.Should().Be(InterruptCause.Kick);
            done.Release();
        }

        kicker.Join();
        machine.Run(100).InterruptCause.Should().Be(InterruptCause.Budget, "no kick is left");
    }

    [Fact]
    public void Run_Cancelled_TellsSo()
    {
        using TestMachine machine = Spinning();
        using var source = new CancellationTokenSource();

        source.Cancel();
        machine.Cpu.Run(cancellation: source.Token).InterruptCause.Should().Be(InterruptCause.Cancellation);

        machine.Run(100).InterruptCause.Should().Be(InterruptCause.Budget, "the token belonged to the run before");
    }

    [Fact]
    public void Run_CancelledFromAnotherThread_Ends()
    {
        using TestMachine machine = Spinning();
        using var source = new CancellationTokenSource();
        var canceller = new Thread(() =>
        {
            SpinWait.SpinUntil(() => machine.Cpu.InstructionsRetired > 0);
            source.Cancel();
        });
        canceller.Start();

        machine.Cpu.Run(cancellation: source.Token).InterruptCause.Should().Be(InterruptCause.Cancellation);
        canceller.Join();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(63)]
    [InlineData(1_000_003)]
    public void Run_Budget_EndsExactlyThere(ulong budget)
    {
        using TestMachine machine = Spinning();

        machine.Run(budget).Should().Be(VmExit.Interrupted(0, InterruptCause.Budget));

        machine.Cpu.InstructionsRetired.Should().Be(budget);
        machine.Registers.Rax.Should().Be((uint)((budget + 1) / 2));
    }

    [Fact]
    public void Run_BudgetZero_RunsNothing()
    {
        using TestMachine machine = Spinning();

        machine.Run(0).InterruptCause.Should().Be(InterruptCause.Budget);
        machine.Cpu.InstructionsRetired.Should().Be(0);
    }

    [Fact]
    public void Run_SecondThread_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected(a => a.@in(al, 0x60));
        using var inHandler = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        machine.Vm.ExitHandler = new RecordingHandler
        {
            OnExit = (_, _) =>
            {
                inHandler.Set();
                goOn.Wait();
            },
        };
        var runner = new Thread(() => machine.Run(1));
        runner.Start();
        inHandler.Wait();

        machine.Invoking(m => m.Run()).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Busy);
        machine.Cpu.Invoking(c => c.CompletePendingExit()).Should().Throw<KvmException>();
        machine.Cpu.Invoking(c => c.Reset()).Should().Throw<KvmException>();
        machine.Cpu.Invoking(c => c.SetRegisters(default)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Busy);

        goOn.Set();
        runner.Join();
    }

    [Fact]
    public void Run_FromInsideTheHandler_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.hlt();
        });
        List<Errno> refusals = [];
        machine.Vm.ExitHandler = new RecordingHandler
        {
            OnExit = (_, _) =>
            {
                refusals.Add(machine.Invoking(m => m.Run()).Should().Throw<KvmException>().Which.Errno);
                refusals.Add(machine.Cpu.Invoking(c => c.SetRegisters(default)).Should().Throw<KvmException>().Which.Errno);
                refusals.Add(machine.Vm.Invoking(v => v.Dispose()).Should().Throw<KvmException>().Which.Errno);
            },
        };

        machine.RunToHalt();

        refusals.Should().Equal(Errno.Busy, Errno.Busy, Errno.Busy);
    }

    [Fact]
    public void Dispose_WhileRunning_StopsTheRun()
    {
        TestMachine machine = Spinning();
        VmExit exit = default;
        var runner = new Thread(() => exit = machine.Cpu.Run());
        runner.Start();
        SpinWait.SpinUntil(() => machine.Cpu.InstructionsRetired > 0);

        machine.Vm.Dispose();

        runner.Join();
        exit.InterruptCause.Should().Be(InterruptCause.Kick);
    }

    [Fact]
    public void Dispose_ThenUse_IsRefusedOrHarmless()
    {
        TestMachine machine = Spinning();
        machine.Run(10);
        machine.Dispose();

        machine.Invoking(m => m.Run()).Should().Throw<ObjectDisposedException>();
        machine.Vm.Invoking(v => v.CreateVcpu(1)).Should().Throw<ObjectDisposedException>();
        machine.Cpu.Invoking(c => c.Translate(0)).Should().Throw<ObjectDisposedException>();
        machine.Cpu.Kick();
        machine.Cpu.InjectNmi();
        machine.Vm.InterruptLine.Drive(true);
        machine.Vm.A20Gate.Drive(false);
        machine.Vm.RaiseSystemEvent(SystemEventType.Reset);
        machine.Cpu.InstructionsRetired.Should().Be(10);
        machine.Ram.TryWrite(0, [1]).Should().BeFalse();
        machine.Vm.Dispose();
    }

    [Fact]
    public void RaiseSystemEvent_InAHandler_EndsTheRunBehindTheInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@out(0x64, al);
            a.inc(ebx);
            a.hlt();
        });
        machine.Vm.ExitHandler = new RecordingHandler { OnExit = (_, _) => machine.Vm.RaiseSystemEvent(SystemEventType.Reset) };

        machine.Run().Should().Be(VmExit.System(0, SystemEventType.Reset));

        machine.Registers.Should().BeEquivalentTo(new { Rbx = 0UL, Rip = TestMachine.Code + 2 });
        machine.Cpu.InstructionsRetired.Should().Be(1);
        machine.RunToHalt();
    }

    [Fact]
    public void Kick_InAHandler_EndsTheRunBehindTheInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(ebx);
            a.@out(0x64, al);
            a.inc(ebx);
            a.hlt();
        });
        machine.Vm.ExitHandler = new RecordingHandler { OnExit = (_, _) => machine.Cpu.Kick() };

        machine.Run().InterruptCause.Should().Be(InterruptCause.Kick);

        machine.Registers.Rbx.Should().Be(1);
        machine.Cpu.InstructionsRetired.Should().Be(2);
        machine.RunToHalt();
        machine.Registers.Rbx.Should().Be(2);
    }

    [Fact]
    public void SetRegisters_BehindABranch_DoesNotLinkTheBranchToTheNewPlace()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label target = a.CreateLabel();
            a.jmp(target);
            for (int i = 0; i < 20; i++)
            {
                a.nop();
            }

            a.Label(ref target);
            a.mov(ebx, 1);
            a.hlt();
        });
        machine.Load(TestMachine.Code + 0x100, a => a.hlt());
        machine.Run(1);
        machine.Set(r => r with { Rip = TestMachine.Code + 0x100 });
        machine.RunToHalt();

        machine.Set(r => r with { Rip = TestMachine.Code });
        machine.RunToHalt();

        machine.Registers.Rbx.Should().Be(1);
    }

    [Fact]
    public void Run_NoRamAtRip_IsAnInternalErrorNotAnException()
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Set(r => r with { Rip = TestMachine.Mmio });

        machine.Run().Should().Be(VmExit.Error(0, InternalErrorKind.Emulation));
    }

    [Fact]
    public void Run_NothingToTakeAFault_Shutsdown()
    {
        using TestMachine machine = TestMachine.Protected(a => a.ud2());
        machine.SetSpecial(s => s with { Idt = default });

        machine.Run().Reason.Should().Be(VmExitReason.Shutdown);
    }
}
