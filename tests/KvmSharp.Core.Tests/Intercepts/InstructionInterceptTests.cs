using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Intercepts;

/// <summary>Every instruction that can be intercepted: off, counted and exiting, in both modes, with and without a handler.</summary>
public sealed class InstructionInterceptTests
{
    public static TheoryData<string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (InterceptCase each in InterceptCase.All)
            {
                data.Add(each.Name, 16);
                data.Add(each.Name, 32);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Count_CountsOnceAndChangesNothing(string name, int bits)
    {
        InterceptCase tested = Find(name);
        Outcome plain = RunToEnd(tested, bits, InterceptMode.Off, handle: false);
        Outcome counted = RunToEnd(tested, bits, InterceptMode.Count, handle: false);

        plain.Counted.Should().Be(0);
        counted.Counted.Should().Be(1);
        counted.ByReason.Should().Be(1);
        counted.Exits.Should().BeEmpty();
        counted.State.Should().Be(plain.State);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Exit_LeavesOnceBeforeTheInstruction_AndTheGuestComputesTheSame(string name, int bits)
    {
        InterceptCase tested = Find(name);
        Outcome plain = RunToEnd(tested, bits, InterceptMode.Off, handle: false);
        Outcome exiting = RunToEnd(tested, bits, InterceptMode.Exit, handle: false);

        exiting.Exits.Should().ContainSingle();
        VmExit exit = exiting.Exits[0];
        (exit.Reason, exit.Intercept, exit.BasicExitReason).Should().Be((VmExitReason.Intercept, tested.Kind, tested.Reason));
        exiting.Counted.Should().Be(1);
        exiting.ByReason.Should().Be(1);
        exiting.RipAtExit.Should().Be(TestMachine.Code + AddLength(bits));
        exiting.FlagsAtExit.Should().Be(FlagsBehindAdd, "flags are exact at the exit");
        exiting.RetiredAtExit.Should().Be(1);
        exiting.State.Should().Be(plain.State);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Exit_HandledInPlace_ShowsTheSameExitAndState(string name, int bits)
    {
        InterceptCase tested = Find(name);
        Outcome exiting = RunToEnd(tested, bits, InterceptMode.Exit, handle: false);
        Outcome handled = RunToEnd(tested, bits, InterceptMode.Exit, handle: true);

        handled.Exits.Should().Equal(exiting.Exits);
        (handled.RipAtExit, handled.FlagsAtExit, handled.RetiredAtExit).Should()
            .Be((exiting.RipAtExit, exiting.FlagsAtExit, exiting.RetiredAtExit));
        (handled.Counted, handled.ByReason, handled.State).Should().Be((exiting.Counted, exiting.ByReason, exiting.State));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Exit_RunInBudgetsOfOne_TakesAsManySteps(string name, int bits)
    {
        InterceptCase tested = Find(name);
        Outcome plain = RunToEnd(tested, bits, InterceptMode.Off, handle: false);
        Outcome stepped = RunToEnd(tested, bits, InterceptMode.Exit, handle: false, budget: 1);

        stepped.Exits.Should().ContainSingle();
        stepped.Runs.Should().Be(stepped.State.Retired, "each run of one instruction retires one");
        stepped.State.Should().Be(plain.State);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Skip_AtAnInstruction_StepsOverIt(string name, int bits)
    {
        InterceptCase tested = Find(name);
        if (name is "ud2" or "div")
        {
            return; // the exception is held there, not the instruction: see EventInterceptTests
        }

        using TestMachine machine = tested.Create(bits);
        machine.Cpu.Intercepts = tested.Controls(InterceptMode.Exit);
        machine.Run().Reason.Should().Be(VmExitReason.Intercept);
        GeneralRegisters before = machine.Registers;
        machine.Cpu.SkipIntercept();

        machine.Cpu.HasHeldIntercept.Should().BeFalse();
        machine.Cpu.InstructionsRetired.Should().Be(2);
        int length = TestMachine.Assemble(bits, 0, tested.Code).Length;
        machine.Registers.Should().Be(before with { Rip = before.Rip + (uint)length });
        machine.Run().Should().Be(VmExit.Io(0, ExitDirection.Write, InterceptCase.EndPort, 1, 1, 1));
    }

    [Fact]
    public void SetRip_AtAnInstruction_GoesOnThere()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.cpuid();
            a.hlt();
        });
        machine.Load(0x3000, a =>
        {
            a.mov(ebx, 7);
            a.cpuid();
            a.hlt();
        });
        machine.Cpu.Intercepts = new InterceptControls { Cpuid = InterceptMode.Exit };
        machine.Run().Intercept.Should().Be(InterceptKind.Cpuid);
        machine.Set(r => r with { Rip = 0x3000 });
        machine.Cpu.HasHeldIntercept.Should().BeFalse();

        machine.Run().Intercept.Should().Be(InterceptKind.Cpuid, "the CPUID there is another one");
        (machine.Registers.Rip, machine.Registers.Rbx).Should().Be((0x3005UL, 7UL));
    }

    [Fact]
    public void Handler_MayEmulateInPlace()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, 0x4000_0000);
            a.cpuid();
            a.mov(edx, eax);
            a.hlt();
        });
        machine.Cpu.Intercepts = new InterceptControls { Cpuid = InterceptMode.Exit };
        machine.Vm.ExitHandler = new RecordingHandler
        {
            OnExit = (_, _) =>
            {
                machine.Set(r => r with { Rax = 0xC0DE });
                machine.Cpu.SkipIntercept();
            },
        };

        machine.RunToHalt();

        machine.Registers.Rdx.Should().Be(0xC0DE);
        machine.Cpu.InstructionsRetired.Should().Be(4);
    }

    [Fact]
    public void Handler_AtAnOtherExit_MayNotSetRegisters()
    {
        using TestMachine machine = TestMachine.Protected(a => a.@out(0x80, al));
        machine.Vm.ExitHandler = new RecordingHandler { OnExit = (_, _) => machine.Cpu.Intercepts = InterceptControls.None };
        machine.Invoking(m => m.Run()).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Busy);
    }

    [Fact]
    public void Run_KickedOrOutOfBudget_KeepsTheInstructionHeld()
    {
        using TestMachine machine = InterceptCase.All[0].Create(32);
        machine.Cpu.Intercepts = new InterceptControls { Cpuid = InterceptMode.Exit };
        machine.Run();
        machine.Run(0).InterruptCause.Should().Be(InterruptCause.Budget);
        machine.Cpu.Kick();
        machine.Run().InterruptCause.Should().Be(InterruptCause.Kick);
        machine.Cpu.InstructionsRetired.Should().Be(1);
        machine.Cpu.HasHeldIntercept.Should().BeTrue();

        machine.Run(1).InterruptCause.Should().Be(InterruptCause.Budget);
        machine.Cpu.InstructionsRetired.Should().Be(2, "the instruction has happened, and only it");
        machine.Cpu.HasHeldIntercept.Should().BeFalse();
    }

    [Fact]
    public void Intercepts_ChangedBetweenRuns_TakeEffectInDecodedCode()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.cpuid();
            a.hlt();
        });
        foreach (InterceptMode mode in (InterceptMode[])[InterceptMode.Off, InterceptMode.Count, InterceptMode.Exit, InterceptMode.Off])
        {
            machine.Cpu.Intercepts = new InterceptControls { Cpuid = mode };
            machine.Set(r => r with { Rip = TestMachine.Code });
            machine.Run().Reason.Should().Be(mode == InterceptMode.Exit ? VmExitReason.Intercept : VmExitReason.Hlt);
        }

        machine.Cpu.Statistics.InterceptsOf(InterceptKind.Cpuid).Should().Be(2);
    }

    [Fact]
    public void Block_FullOfInterceptedInstructions_CountsEach()
    {
        const int Many = 200;
        using TestMachine machine = TestMachine.Protected(a =>
        {
            for (int i = 0; i < Many; i++)
            {
                a.rdtsc();
                a.inc(ebx);
            }

            a.hlt();
        });
        machine.Cpu.Intercepts = new InterceptControls { Rdtsc = InterceptMode.Count };
        machine.RunToHalt();
        machine.Cpu.Statistics.InterceptsOf(InterceptKind.Rdtsc).Should().Be(Many);
        (machine.Registers.Rbx, machine.Cpu.InstructionsRetired).Should().Be((Many, (2UL * Many) + 1));
    }

    [Fact]
    public void Hlt_InterceptedThenHalting_IsOneExitByIntelsNumber()
    {
        using TestMachine machine = TestMachine.Protected(a => a.hlt());
        machine.Cpu.Intercepts = new InterceptControls { Hlt = InterceptMode.Exit };
        machine.Run().Intercept.Should().Be(InterceptKind.Hlt);
        machine.Run().Reason.Should().Be(VmExitReason.Hlt);
        VcpuStatistics counts = machine.Cpu.Statistics;
        (counts.ExitsOf(VmExitReason.Intercept), counts.ExitsOf(VmExitReason.Hlt), counts.ExitsOf(BasicExitReason.Hlt)).Should().Be((1UL, 1UL, 1UL));
    }

    [Fact]
    public void Skip_WithTrapFlag_RaisesTheTrap()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.cpuid();
            a.nop();
        }).Handle(1, a => a.hlt());
        machine.Cpu.Intercepts = new InterceptControls { Cpuid = InterceptMode.Exit };
        machine.Set(r => r with { Rflags = r.Rflags | TestMachine.TrapFlag });
        machine.Run();
        machine.Cpu.SkipIntercept();
        machine.RunToHalt();
        machine.Ram.Read<uint>(machine.Registers.Rsp).Should().Be((uint)TestMachine.Code + 2);
    }

    [Fact]
    public void SkipIntercept_WithoutOne_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected();
        machine.Invoking(m => m.Cpu.SkipIntercept()).Should().Throw<KvmException>();
    }

    [Theory]
    [InlineData(InterceptMode.Count)]
    [InlineData(InterceptMode.Exit)]
    public void Run_Intercepting_AllocatesNothing(InterceptMode mode)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            var again = a.CreateLabel();
            a.Label(ref again);
            a.cpuid();
            a.jmp(again);
        });
        machine.Cpu.Intercepts = new InterceptControls { Cpuid = mode };
        for (int i = 0; i < 10; i++)
        {
            machine.Run(100);
        }

        AllocatedBytes.Least(() =>
        {
            for (int i = 0; i < 100; i++)
            {
                machine.Cpu.Run(100);
            }
        }).Should().Be(0);
    }

    private const ulong FlagsBehindAdd = 0x896; // OF, SF, AF, PF and the bit that is always 1

    private static InterceptCase Find(string name) => InterceptCase.All.Single(c => c.Name == name);

    private static ulong AddLength(int bits) => (ulong)TestMachine.Assemble(bits, 0, a => a.add(edx, 0x7FFF_FFFF)).Length;

    private static Outcome RunToEnd(InterceptCase tested, int bits, InterceptMode mode, bool handle, ulong budget = 1000)
    {
        using TestMachine machine = tested.Create(bits);
        VirtualCpu cpu = machine.Cpu;
        cpu.Intercepts = tested.Controls(mode);
        var exits = new List<VmExit>();
        (ulong Rip, ulong Flags, ulong Retired) at = default;
        void Note(VmExit exit)
        {
            exits.Add(exit);
            at = (machine.Registers.Rip, machine.Registers.Rflags, cpu.InstructionsRetired);
        }

        if (handle)
        {
            machine.Vm.ExitHandler = new InterceptHandler(Note);
        }

        ulong runs = 0;
        VmExit exit;
        do
        {
            exit = cpu.Run(budget);
            runs += exit.InterruptCause == InterruptCause.Budget || exit.Reason == VmExitReason.Hlt ? 1UL : 0;
            if (exit.Reason == VmExitReason.Intercept)
            {
                Note(exit);
            }
        }
        while (exit.Reason != VmExitReason.Io);
        return new Outcome(
            exits,
            at.Rip,
            at.Flags,
            at.Retired,
            cpu.Statistics.InterceptsOf(tested.Kind),
            cpu.Statistics.ExitsOf(tested.Reason),
            runs,
            new GuestState(machine.Registers, cpu.GetSpecialRegisters(), cpu.GetDebugRegisters(), cpu.GetMsr(0x10), cpu.InstructionsRetired));
    }

    private sealed record GuestState(
        GeneralRegisters Registers, SpecialRegisters Special, DebugRegisters Debug, ulong Msr, ulong Retired);

    private sealed record Outcome(
        List<VmExit> Exits, ulong RipAtExit, ulong FlagsAtExit, ulong RetiredAtExit, ulong Counted, ulong ByReason, ulong Runs, GuestState State);

    private sealed class InterceptHandler(Action<VmExit> note) : IExitHandler
    {
        public bool TryHandle(in VmExit vmExit, Span<byte> data)
        {
            if (vmExit.Reason != VmExitReason.Intercept)
            {
                return false;
            }

            note(vmExit);
            return true;
        }
    }
}
