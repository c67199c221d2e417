using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Observing;

/// <summary>Exceptions, interrupts and halts are told at the moment they come, with the place they come from.</summary>
public sealed class ObservedEventTests
{
    private readonly Notebook _seen = new();

    [Fact]
    public void OnEvent_PageFault_HasTheInstructionErrorAndAddress()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.nop();
            a.mov(__dword_ptr[0x30_0000], eax); // 1001h
            a.hlt();
        }).EnablePaging();
        machine.MapPage(0x30_0000, 0);
        machine.Handle(14, a => a.hlt());
        machine.Vm.Observer = _seen;

        machine.RunToHalt();

        _seen.Events.Should().Equal(new ObservedEvent
        {
            VcpuId = 0,
            Position = new VcpuPosition(1, TestMachine.CodeSelector, 0x1001),
            Kind = ObservedEventKind.Exception,
            Vector = 14,
            ErrorCode = 2,
            Address = 0x30_0000,
        });
        _seen.Halts.Should().ContainSingle().Which.Rip.Should().Be(TestMachine.Handlers + (14 * 0x40));
    }

    [Fact]
    public void OnEvent_SoftwareInterruptAndBreakpoint_PointToTheInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@int(0x40);
            a.int3();
            a.hlt();
        });
        machine.Handle(0x40, a => a.iretd());
        machine.Handle(3, a => a.iretd());
        machine.Vm.Observer = _seen;

        machine.RunToHalt();

        _seen.Events.Select(e => (e.Kind, e.Vector, e.Position.Rip, e.Position.Instructions)).Should().Equal(
            (ObservedEventKind.SoftwareInterrupt, 0x40, 0x1000, 0), (ObservedEventKind.SoftwareException, 3, 0x1002, 2));
    }

    [Fact]
    public void OnEvent_TripleFault_TellsEachFaultOnTheWay()
    {
        using TestMachine machine = TestMachine.Protected(a => a.ud2());
        machine.SetSpecial(s => s with { Idt = new DescriptorTable(TestMachine.Idt, 0) });
        machine.Vm.Observer = _seen;

        machine.Run().Reason.Should().Be(VmExitReason.Shutdown);

        _seen.Events.Select(e => ((int)e.Vector, e.ErrorCode)).Should().Equal((6, null), (13, (6 * 8) + 3u), (8, 0u));
    }

    [Fact]
    public void OnEvent_ExternalInterrupt_PointsToWhatItInterrupts()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.sti();
            a.nop();
            a.nop();
            a.hlt();
        });
        machine.Handle(0x50, a => a.hlt());
        machine.Vm.Observer = _seen;
        machine.Cpu.Interrupt(0x50);

        machine.RunToHalt();

        _seen.Events.Should().ContainSingle().Which.Should().BeEquivalentTo(new { Kind = ObservedEventKind.ExternalInterrupt, Vector = 0x50, Position = new { Rip = 0x1002UL } });
    }

    [Fact]
    public void OnEvent_FaultOfAnInterceptedException_IsToldOnceThoughItIsHeld()
    {
        using TestMachine machine = TestMachine.Protected(a => a.ud2());
        machine.Handle(6, a => a.hlt());
        machine.Vm.Observer = _seen;
        machine.Cpu.Intercepts = InterceptControls.None.WithException(6, InterceptMode.Exit);

        machine.Run().Reason.Should().Be(VmExitReason.Intercept);
        machine.RunToHalt();

        _seen.Events.Should().ContainSingle();
    }

    [Fact]
    public void Run_WithAnObserver_AllocatesNothing()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Iced.Intel.Label top = a.CreateLabel();
            a.Label(ref top);
            a.@int(0x40);
            a.inc(__dword_ptr[TestMachine.Data]);
            a.jmp(top);
        });
        machine.Handle(0x40, a => a.iretd());
        machine.Vm.Observer = new Deaf();
        machine.Vm.WatchedMemory = [new ObservedRange(TestMachine.Data, 4)];
        machine.Run(1000);

        AllocatedBytes.Least(() => machine.Run(100_000)).Should().Be(0);
    }

    private sealed class Deaf : IVcpuObserver
    {
        public void OnEvent(in ObservedEvent observed)
        {
        }

        public void OnHalt(int vcpuId, in VcpuPosition position)
        {
        }

        public void OnInstruction(int vcpuId, in VcpuPosition position)
        {
        }

        public void OnMemoryAccess(in ObservedAccess access)
        {
        }
    }
}
