using KvmSharp.Apic;
using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Apic;

/// <summary>The timer: one-shot, periodic, TSC-deadline; exact in deterministic time, and from another thread in real time.</summary>
public sealed class ApicTimerTests : ApicTests
{
    private const byte Vector = 0x45;
    private const uint Periodic = 1 << 17;
    private const uint TscDeadlineMode = 2 << 17;
    private const uint TscDeadline = 0x6E0;
    private const uint By1 = 0xB;

    [Theory]
    [InlineData(0xBu, 1)]
    [InlineData(0x0u, 2)]
    [InlineData(0x1u, 4)]
    [InlineData(0x2u, 8)]
    [InlineData(0x3u, 16)]
    [InlineData(0x8u, 32)]
    [InlineData(0x9u, 64)]
    [InlineData(0xAu, 128)]
    public void OneShot_EveryDivider_FiresExactlyOnce(uint divider, int by)
    {
        TestMachine machine = Nops();
        Write(machine.Cpu, ApicRegister.DivideConfiguration, divider);
        Write(machine.Cpu, ApicRegister.LvtTimer, Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 10);
        for (int i = 0; i < 10 * by; i++)
        {
            Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be((uint)(10 - (i / by)));
            Requests(machine.Cpu).Should().BeEmpty();
            machine.Run(1);
        }

        Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be(0);
        Requests(machine.Cpu).Should().Equal(Vector);
        ApicOf(machine.Cpu).TryAcknowledge(out _).Should().BeTrue();
        machine.Run(1000);
        Requests(machine.Cpu).Should().BeEmpty();
        Read(machine.Cpu, ApicRegister.InitialCount).Should().Be(10);
    }

    [Fact]
    public void Periodic_InterruptsTheGuestAtEveryPeriod()
    {
        TestMachine machine = Nops();
        List<ulong> at = [];
        machine.Vm.EventObserver = new Observer((_, _, retired) => at.Add(retired));
        machine.Set(r => r with { Rflags = 2 | TestMachine.InterruptFlag });
        Write(machine.Cpu, ApicRegister.DivideConfiguration, By1);
        Write(machine.Cpu, ApicRegister.LvtTimer, Periodic | Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 100);
        machine.Run(1000);
        at.Should().Equal(Enumerable.Range(1, 9).Select(i => (ulong)((i * 100) + 1)), "the delivery counts one itself");
    }

    [Fact]
    public void Masked_CountsOnInSilence()
    {
        TestMachine machine = Nops();
        Write(machine.Cpu, ApicRegister.DivideConfiguration, By1);
        Write(machine.Cpu, ApicRegister.LvtTimer, Masked | Periodic | Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 100);
        machine.Run(250);
        Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be(50);
        Write(machine.Cpu, ApicRegister.LvtTimer, Periodic | Vector);
        Requests(machine.Cpu).Should().BeEmpty();
        machine.Run(50);
        Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be(100);
        Requests(machine.Cpu).Should().Equal(Vector);
    }

    [Fact]
    public void InitialCount_Zero_StopsTheTimer()
    {
        TestMachine machine = Nops();
        Write(machine.Cpu, ApicRegister.LvtTimer, Periodic | Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 10);
        Write(machine.Cpu, ApicRegister.InitialCount, 0);
        machine.Run(100);
        Requests(machine.Cpu).Should().BeEmpty();
    }

    [Fact]
    public void Divider_Changed_KeepsTheCount()
    {
        TestMachine machine = Nops();
        Write(machine.Cpu, ApicRegister.DivideConfiguration, By1);
        Write(machine.Cpu, ApicRegister.LvtTimer, Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 100);
        machine.Run(40);
        Write(machine.Cpu, ApicRegister.DivideConfiguration, 0);
        Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be(60);
        machine.Run(119);
        Requests(machine.Cpu).Should().BeEmpty();
        machine.Run(1);
        Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be(0);
        Requests(machine.Cpu).Should().Equal(Vector);
    }

    [Fact]
    public void TscDeadline_FiresAtItsTimeAndFollowsTheCounter()
    {
        TestMachine machine = Nops();
        machine.Cpu.SetMsr(TscDeadline, 100);
        machine.Cpu.GetMsr(TscDeadline).Should().Be(0, "it is ignored in the other modes");
        Write(machine.Cpu, ApicRegister.LvtTimer, TscDeadlineMode | Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 5);
        machine.Cpu.SetMsr(0x10, 1_000_000);
        machine.Cpu.SetMsr(TscDeadline, 1_000_100);
        machine.Run(50);
        Requests(machine.Cpu).Should().BeEmpty();
        Read(machine.Cpu, ApicRegister.CurrentCount).Should().Be(0);
        machine.Cpu.SetMsr(0x10, 1_000_090);
        machine.Run(10);
        machine.Cpu.GetMsr(TscDeadline).Should().Be(0, "it has come");
        Requests(machine.Cpu).Should().Equal(Vector);
    }

    [Theory]
    [InlineData(0UL, false)]
    [InlineData(1UL, true)]
    [InlineData(ulong.MaxValue, false)]
    public void TscDeadline_PastAndFarAway(ulong value, bool fires)
    {
        TestMachine machine = Nops();
        machine.Run(10);
        Write(machine.Cpu, ApicRegister.LvtTimer, TscDeadlineMode | Vector);
        machine.Cpu.SetMsr(TscDeadline, value);
        machine.Run(2);
        Requests(machine.Cpu).Should().HaveCount(fires ? 1 : 0);
    }

    [Fact]
    public void Halt_JumpsToTheTimer()
    {
        TestMachine machine = Machine();
        machine.Handle(Vector, a =>
        {
            a.inc(ebx);
            a.mov(__dword_ptr[0xFEE0_00B0], 0);
            a.iretd();
        });
        machine.Load(TestMachine.Code, a =>
        {
            a.mov(__dword_ptr[0xFEE0_0320], Vector);
            a.mov(__dword_ptr[0xFEE0_0380], 500_000_000); // by 2: a second
            a.sti();
            a.hlt();
            a.cli();
            a.hlt();
        });
        machine.RunToHalt();
        machine.Registers.Rbx.Should().Be(1);
        machine.Vm.Clock.Now.Should().BeInRange(1_000_000_000, 1_000_000_020);
        machine.Cpu.InstructionsRetired.Should().BeLessThan(20);
    }

    /// <summary>The timer's vector is held back by the task priority: time passes, nothing else, and the budget ends it.</summary>
    [Fact]
    public void Halt_TimerThatIsHeldBack_EndsByTheBudget()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.TaskPriority, 0xF0);
        Write(machine.Cpu, ApicRegister.LvtTimer, Periodic | Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 100);
        machine.Load(TestMachine.Code, a =>
        {
            a.sti();
            a.hlt();
        });
        machine.Run(50).InterruptCause.Should().Be(InterruptCause.Budget);
        machine.Cpu.InstructionsRetired.Should().Be(50);
    }

    [Fact]
    public void Halt_RealTime_DeadlineOnAnotherThreadWakes()
    {
        TestMachine machine = Machine();
        var clock = new ManualClock();
        machine.Vm.Clock = clock;
        machine.Handle(Vector, a => a.hlt());
        Write(machine.Cpu, ApicRegister.LvtTimer, Vector);
        Write(machine.Cpu, ApicRegister.InitialCount, 100);
        machine.Load(TestMachine.Code, a =>
        {
            a.sti();
            a.hlt();
        });
        var ticker = new Thread(() =>
        {
            SpinWait.SpinUntil(() => machine.Cpu.MpState == MpState.Halted);
            clock.Advance(200);
        });
        ticker.Start();
        machine.RunToHalt();
        ticker.Join();
        (machine.Registers.Rip - 1).Should().Be(TestMachine.Handlers + (Vector * 0x40UL));
    }

    private TestMachine Nops()
    {
        TestMachine machine = Machine();
        machine.Load(TestMachine.Code, a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.Label(ref top);
            for (int i = 0; i < 20; i++)
            {
                a.nop();
            }

            a.jmp(top);
        });
        machine.Handle(Vector, a =>
        {
            a.mov(__dword_ptr[0xFEE0_00B0], 0);
            a.iretd();
        });
        return machine;
    }

    private sealed class Observer(Action<byte, bool, ulong> seen) : IEventObserver
    {
        public void OnEvent(int vcpuId, byte vector, bool isExternal, uint? errorCode, ulong instructionsRetired) => seen(vector, isExternal, instructionsRetired);
    }
}
