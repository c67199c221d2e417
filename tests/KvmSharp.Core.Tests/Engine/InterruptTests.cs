using KvmSharp.Tests.Doubles;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Engine;

/// <summary>External interrupts and NMIs: when they are taken, and what holds them back.</summary>
public sealed class InterruptTests
{
    private const byte Vector = 0x30;
    private const ulong IfSet = 2 | TestMachine.InterruptFlag;

    [Fact]
    public void Interrupt_FlagSet_IsTakenBeforeTheNextInstruction()
    {
        using TestMachine machine = Nops();
        machine.Set(r => r with { Rflags = IfSet });
        machine.Cpu.ReadyForInterruptInjection.Should().BeTrue();

        machine.Cpu.Interrupt(Vector);
        machine.Cpu.ReadyForInterruptInjection.Should().BeFalse();
        machine.RunToHalt();

        ReturnAddress(machine).Should().Be((uint)TestMachine.Code);
        machine.Cpu.Statistics.Interrupts.Should().Be(1);
        machine.Cpu.InstructionsRetired.Should().Be(2, "the delivery and HLT");
        (machine.Registers.Rflags & TestMachine.InterruptFlag).Should().Be(0, "an interrupt gate clears IF");
    }

    [Fact]
    public void Interrupt_SecondBeforeTheFirstIsTaken_IsRefused()
    {
        using TestMachine machine = Nops();
        machine.Cpu.Interrupt(Vector);

        machine.Cpu.Invoking(c => c.Interrupt(Vector)).Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Exists);
    }

    [Fact]
    public void Interrupt_ControllerAttached_IsRefused()
    {
        using TestMachine machine = Nops();
        machine.Vm.InterruptController = new OneShotController(machine.Vm, Vector);

        machine.Cpu.Invoking(c => c.Interrupt(Vector)).Should().Throw<KvmException>();
    }

    [Fact]
    public void Interrupt_FlagClear_WaitsForSti()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(eax);
            a.sti();
            a.inc(eax);
            a.inc(eax);
            a.hlt();
        }).Handle(Vector, a => a.hlt());
        machine.Cpu.Interrupt(Vector);

        machine.RunToHalt();

        machine.Eax.Should().Be(2, "the instruction behind STI runs first");
    }

    [Fact]
    public void Sti_FlagWasSet_HasNoShadow()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.sti();
            a.@out(0x10, al);
            a.sti();
            a.inc(eax);
            a.hlt();
        }).Handle(Vector, a => a.hlt());
        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.Cpu.Interrupt(Vector);

        machine.RunToHalt();

        machine.Eax.Should().Be(0);
    }

    /// <summary>A request from outside in the middle of the shadow must not end it.</summary>
    [Fact]
    public void StiShadow_BudgetEndsInside_StillHolds()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.sti();
            a.inc(eax);
            a.inc(eax);
            a.hlt();
        }).Handle(Vector, a => a.hlt());
        machine.Cpu.Interrupt(Vector);
        machine.Run(1);
        machine.Cpu.GetEvents().StiShadow.Should().BeTrue();
        machine.Cpu.Kick();
        machine.Run().InterruptCause.Should().Be(InterruptCause.Kick);
        machine.Cpu.InjectNmi();
        machine.Handle(2, a => a.iretd());

        machine.RunToHalt();

        machine.Eax.Should().Be(1);
    }

    [Fact]
    public void MovSsShadow_InterruptAndNmi_WaitForOneInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(ax, ss);
            a.mov(ss, ax);
            a.mov(esp, 0x5_0000);
            a.inc(ebx);
            a.hlt();
        });
        machine.Handle(2, a => a.hlt());
        machine.Run(2);
        machine.Cpu.GetEvents().MovSsShadow.Should().BeTrue();

        machine.Cpu.InjectNmi();
        machine.RunToHalt();

        machine.Registers.Rbx.Should().Be(0);
        machine.Registers.Rsp.Should().Be(0x5_0000 - 12, "the new stack pointer was in force");
    }

    [Fact]
    public void SingleStep_OverMovSs_TrapsBehindTheNextInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(ss, ax);
            a.inc(ebx);
            a.inc(ebx);
            a.hlt();
        }).Handle(1, a => a.hlt());
        machine.Set(r => r with { Rax = TestMachine.DataSelector, Rflags = 2 | TestMachine.TrapFlag });
        machine.HandleAt(1, TestMachine.Handlers + 0x40);

        machine.RunToHalt();

        machine.Registers.Rbx.Should().Be(1);
        (machine.Cpu.GetDebugRegisters().Dr6 & 0x4000).Should().Be(0x4000);
    }

    [Fact]
    public void SingleStep_Loop_TrapsBehindEveryInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.mov(ecx, 20);
            a.Label(ref top);
            a.call(__dword_ptr[TestMachine.Data]);
            a.dec(ecx);
            a.jne(top);
            a.@out(0x10, al);
            a.hlt();
        }).Handle(1, a =>
        {
            a.inc(edx);
            a.iretd();
        });
        machine.Load(0x2000, a => a.ret());
        machine.Ram.Write(TestMachine.Data, 0x2000U);

        // First without trapping, so that blocks, links and the jump cache are warm.
        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.RunToHalt();
        machine.Set(r => r with { Rip = TestMachine.Code, Rdx = 0, Rflags = 2 | TestMachine.TrapFlag });
        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.Registers.Rdx.Should().Be(1 + (20 * 4));
    }

    [Fact]
    public void Nmi_InsideItsHandler_WaitsForIret()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(eax);
            a.hlt();
        }).Handle(2, a =>
        {
            a.inc(ebx);
            a.@out(0x10, al);
            a.inc(ecx);
            a.iretd();
        });
        machine.Cpu.InjectNmi();
        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.Cpu.InjectNmi();
        machine.Cpu.GetEvents().NmiMasked.Should().BeTrue();

        machine.Run().Reason.Should().Be(VmExitReason.Io);

        machine.Registers.Should().BeEquivalentTo(new { Rax = 0UL, Rbx = 2UL, Rcx = 1UL });
        machine.RunToHalt();
        machine.Registers.Should().BeEquivalentTo(new { Rax = 1UL, Rbx = 2UL, Rcx = 2UL });
    }

    [Fact]
    public void Nmi_AndInterrupt_NmiGoesFirst()
    {
        using TestMachine machine = Nops();
        machine.Handle(2, a => a.iretd());
        var observer = new Vectors();
        machine.Vm.EventObserver = observer;
        machine.Set(r => r with { Rflags = IfSet });
        machine.Cpu.Interrupt(Vector);
        machine.Cpu.InjectNmi();

        machine.RunToHalt();

        observer.Seen.Should().Equal(2, Vector);
    }

    [Fact]
    public void RequestInterruptWindow_FlagClear_ExitsAsSoonAsOneCouldBeTaken()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(eax);
            a.sti();
            a.inc(eax);
            a.inc(eax);
            a.hlt();
        });
        machine.Cpu.RequestInterruptWindow = true;

        machine.Run().Should().Be(VmExit.Plain(0, VmExitReason.IrqWindowOpen));

        machine.Eax.Should().Be(2, "STI holds it for one instruction");
        machine.Cpu.ReadyForInterruptInjection.Should().BeTrue();
        machine.Cpu.RequestInterruptWindow = false;
        machine.RunToHalt();
    }

    [Fact]
    public void InterruptLine_Asserted_TakesTheControllersVector()
    {
        using TestMachine machine = Nops();
        var controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        machine.Set(r => r with { Rflags = IfSet });
        controller.Request();

        machine.RunToHalt();

        controller.Acknowledged.Should().Be(1);
        ReturnAddress(machine).Should().Be((uint)TestMachine.Code);
    }

    [Fact]
    public void InterruptLine_TakenBack_IsNotAcknowledged()
    {
        using TestMachine machine = Nops();
        var controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        controller.Request();
        machine.Vm.InterruptLine.Drive(false);
        machine.Set(r => r with { Rflags = IfSet });

        machine.Run(3).InterruptCause.Should().Be(InterruptCause.Budget);

        controller.Acknowledged.Should().Be(0);
    }

    [Fact]
    public void InterruptLine_RaisedInAHandler_IsTakenBehindThatInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(eax);
            a.@out(0x10, al);
            a.inc(eax);
            a.hlt();
        }).Handle(Vector, a => a.hlt());
        var controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        machine.Vm.ExitHandler = new RecordingHandler { OnExit = (_, _) => controller.Request() };
        machine.Set(r => r with { Rflags = IfSet });

        machine.Run(4);

        machine.Eax.Should().Be(1);
        ReturnAddress(machine).Should().Be((uint)TestMachine.Code + 3);
    }

    /// <summary>The branch that ran last must not be linked to the handler that interrupted it.</summary>
    [Fact]
    public void Interrupt_RightBehindABranch_LeavesTheBranchAlone()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            Iced.Intel.Label end = a.CreateLabel();
            a.mov(ecx, 100);
            a.Label(ref top);
            a.inc(eax);
            a.dec(ecx);
            a.je(end);
            a.jmp(top);
            a.nop();
            a.Label(ref end);
            a.hlt();
        }).Handle(Vector, a =>
        {
            a.inc(ebx);
            a.iretd();
        });
        machine.Vm.InterruptController = new OneShotController(machine.Vm, Vector);
        IDeadline tick = null!;
        tick = machine.Vm.Clock.CreateDeadline(() =>
        {
            machine.Vm.InterruptLine.Drive(true);
            tick.Arm(machine.Vm.Clock.Now + 5);
        });
        tick.Arm(5);
        machine.Set(r => r with { Rflags = IfSet });

        while (machine.Registers.Rcx != 0 || machine.Eax == 0)
        {
            machine.Run(7).Reason.Should().Be(VmExitReason.Intr);
        }

        machine.Eax.Should().Be(100);
        machine.Registers.Rbx.Should().BeGreaterThan(50);
    }

    [Fact]
    public void Interrupt_RealMode_GoesThroughTheVectorTable()
    {
        using TestMachine machine = TestMachine.Real(a => a.nop()).Handle(Vector, a => a.hlt());
        machine.Set(r => r with { Rflags = IfSet });
        machine.Cpu.Interrupt(Vector);

        machine.RunToHalt();

        machine.Ram.Read<ushort>(machine.Registers.Rsp).Should().Be((ushort)TestMachine.Code);
        machine.Registers.Rsp.Should().Be(0x7F00 - 6);
    }

    [Fact]
    public void SetEvents_DeliveryUnderWay_IsFinishedFirst()
    {
        using TestMachine machine = Nops();
        machine.Cpu.SetEvents(machine.Cpu.GetEvents() with { DeliveringVector = Vector, DeliveringIsExternal = true });

        machine.RunToHalt();

        ReturnAddress(machine).Should().Be((uint)TestMachine.Code);
        machine.Cpu.GetEvents().DeliveringVector.Should().BeNull();
    }

    private static TestMachine Nops() => TestMachine.Protected(a =>
    {
        for (int i = 0; i < 8; i++)
        {
            a.nop();
        }

        a.hlt();
    }).Handle(Vector, a => a.hlt());

    private static uint ReturnAddress(TestMachine machine) => machine.Ram.Read<uint>(machine.Registers.Rsp);

    private sealed class Vectors : IEventObserver
    {
        public List<byte> Seen { get; } = [];

        public void OnEvent(int vcpuId, byte vector, bool isExternal, uint? errorCode, ulong instructionsRetired) => Seen.Add(vector);
    }
}
