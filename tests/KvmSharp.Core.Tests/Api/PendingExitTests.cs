using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Api;

/// <summary>"Port, MMIO and MSR operations complete on re-entry."</summary>
public sealed class PendingExitTests
{
    [Theory]
    [InlineData(1, 0x1234_56AAUL)]
    [InlineData(2, 0x1234_BBAAUL)]
    [InlineData(4, 0xDDCC_BBAAUL)]
    public void Run_PortRead_CompletesOnReentry(int width, ulong expected)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(edx, 0x3F8);
            switch (width)
            {
                case 1:
                    a.@in(al, dx);
                    break;
                case 2:
                    a.@in(ax, dx);
                    break;
                default:
                    a.@in(eax, dx);
                    break;
            }

            a.hlt();
        });
        machine.Set(r => r with { Rax = 0x1234_5678 });

        VmExit exit = machine.Run();

        exit.Should().Be(VmExit.Io(0, ExitDirection.Read, 0x3F8, width, 1, 0));
        machine.Cpu.HasPendingExit.Should().BeTrue();
        machine.Eax.Should().Be(0x1234_5678, "the instruction is unfinished");
        machine.Cpu.ExitData.Length.Should().Be(width);
        new byte[] { 0xAA, 0xBB, 0xCC, 0xDD }.AsSpan(0, width).CopyTo(machine.Cpu.ExitData);
        machine.RunToHalt();
        machine.Registers.Rax.Should().Be(expected);
    }

    [Fact]
    public void Run_PortWrite_CarriesValueAndDataAndFinishesOnReentry()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@out(0x80, ax);
            a.hlt();
        });
        machine.Set(r => r with { Rax = 0xBEEF });

        machine.Run().Should().Be(VmExit.Io(0, ExitDirection.Write, 0x80, 2, 1, 0xBEEF));
        machine.Cpu.ExitData.ToArray().Should().Equal(0xEF, 0xBE);
        machine.Registers.Rip.Should().Be(TestMachine.Code, "the instruction is unfinished");
        machine.RunToHalt();
        machine.Cpu.InstructionsRetired.Should().Be(2);
    }

    [Fact]
    public void Run_MmioRead_CompletesOnReentry()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(ecx, __dword_ptr[TestMachine.Mmio + 4]);
            a.hlt();
        });

        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Read, TestMachine.Mmio + 4, 4, 0));
        BitConverter.TryWriteBytes(machine.Cpu.ExitData, 0xCAFE_F00D).Should().BeTrue();
        machine.RunToHalt();
        machine.Registers.Rcx.Should().Be(0xCAFE_F00D);
    }

    [Fact]
    public void Run_MmioWrite_CarriesTheValue()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__word_ptr[TestMachine.Mmio], 0x1122);
            a.hlt();
        });

        machine.Run().Should().Be(VmExit.Mmio(0, ExitDirection.Write, TestMachine.Mmio, 2, 0x1122));
        machine.RunToHalt();
    }

    [Fact]
    public void CompletePendingExit_AfterRead_FinishesThatInstructionOnly()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.inc(ebx);
            a.hlt();
        });
        machine.Run();
        machine.Cpu.ExitData[0] = 0x42;

        machine.Cpu.CompletePendingExit().Should().BeTrue();

        machine.Cpu.HasPendingExit.Should().BeFalse();
        machine.Registers.Should().BeEquivalentTo(new { Rax = 0x42UL, Rbx = 0UL, Rip = TestMachine.Code + 2 });
        machine.Cpu.InstructionsRetired.Should().Be(1);
        machine.RunToHalt();
        machine.Registers.Rbx.Should().Be(1);
    }

    [Fact]
    public void CompletePendingExit_AnotherExitOnTheWay_SaysSoAndShowsIt()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.add(__dword_ptr[TestMachine.Mmio], 5);
            a.hlt();
        });
        machine.Run();
        machine.Cpu.ExitData[0] = 2;

        machine.Cpu.CompletePendingExit().Should().BeFalse();

        machine.Cpu.PendingExit.Should().Be(VmExit.Mmio(0, ExitDirection.Write, TestMachine.Mmio, 4, 7));
        machine.Cpu.CompletePendingExit().Should().BeTrue();
        machine.RunToHalt();
    }

    [Fact]
    public void CompletePendingExit_NothingPending_DoesNothing()
    {
        using TestMachine machine = TestMachine.Protected(a => a.hlt());

        machine.Cpu.CompletePendingExit().Should().BeTrue();
        machine.Cpu.InstructionsRetired.Should().Be(0);
        machine.Cpu.Invoking(c => c.PendingExit).Should().Throw<KvmException>();
    }

    [Fact]
    public void CompletePendingExit_FinishingShutsDown_IsFinishedAndTheNextRunSaysShutdown()
    {
        // The write half of the instruction faults; there is no IDT to take the fault through.
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(esi, TestMachine.Mmio);
            a.mov(edi, 0x30_0000);
            a.movsd();
        });
        machine.EnablePaging();
        machine.MapPage(0x30_0000, 0);
        machine.SetSpecial(s => s with { Idt = default });
        machine.Run().Reason.Should().Be(VmExitReason.Mmio);

        machine.Cpu.CompletePendingExit().Should().BeTrue();

        machine.Run().Reason.Should().BeOneOf(VmExitReason.Shutdown, VmExitReason.Mmio);
    }

    [Fact]
    public void SetRegisters_ExitPending_IsRefusedForEveryKind()
    {
        using TestMachine machine = TestMachine.Protected(a => a.@in(al, 0x60));
        machine.Run();
        VirtualCpu cpu = machine.Cpu;

        Action[] sets =
        [
            () => cpu.SetRegisters(default),
            () => cpu.SetSpecialRegisters(cpu.GetSpecialRegisters()),
            () => cpu.SetDebugRegisters(cpu.GetDebugRegisters()),
            () => cpu.SetEvents(cpu.GetEvents()),
            () => cpu.MpState = MpState.Halted,
            () => cpu.SetMsr(0x174, 0),
        ];

        foreach (Action set in sets)
        {
            set.Should().Throw<KvmException>().Which.Errno.Should().Be(Errno.Busy);
        }
    }

    [Fact]
    public void Run_InterruptInjectedWhilePending_IsTakenBehindTheInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.inc(ebx);
            a.hlt();
        });
        machine.Handle(0x20, a => a.hlt());
        machine.Set(r => r with { Rflags = 2 | TestMachine.InterruptFlag });
        machine.Run();
        machine.Cpu.ReadyForInterruptInjection.Should().BeFalse();

        machine.Cpu.Interrupt(0x20);
        machine.Cpu.ExitData[0] = 7;
        machine.RunToHalt();

        machine.Eax.Should().Be(7);
        machine.Registers.Rbx.Should().Be(0);
        machine.Ram.Read<uint>(machine.Registers.Rsp).Should().Be((uint)TestMachine.Code + 2, "IN had finished");
    }

    [Fact]
    public void Run_ImmediateExitWhilePending_FinishesTheInstructionFirst()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.hlt();
        });
        machine.Run();
        machine.Cpu.ExitData[0] = 9;
        machine.Cpu.ImmediateExit = true;

        machine.Run().InterruptCause.Should().Be(InterruptCause.ImmediateExit);

        (machine.Eax, machine.Cpu.HasPendingExit).Should().Be((9U, false));
    }

    [Fact]
    public void Run_BudgetOfOneAtAnExit_CountsTheFinishedInstruction()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.inc(ebx);
            a.hlt();
        });
        machine.Run(1).Reason.Should().Be(VmExitReason.Io);
        machine.Cpu.InstructionsRetired.Should().Be(0);

        machine.Run(1).InterruptCause.Should().Be(InterruptCause.Budget);

        machine.Cpu.InstructionsRetired.Should().Be(1);
        machine.Registers.Rbx.Should().Be(0);
    }

    [Fact]
    public void Reset_ExitPending_DropsIt()
    {
        using TestMachine machine = TestMachine.Protected(a => a.@in(al, 0x60));
        machine.Run();

        machine.Cpu.Reset();

        machine.Cpu.HasPendingExit.Should().BeFalse();
        machine.Registers.Rip.Should().Be(0xFFF0);
        machine.Cpu.GetSpecialRegisters().Cs.Base.Should().Be(0xFFFF_0000);
    }

    [Fact]
    public void Run_ReadAnsweredWithNothing_ReadsZero()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.@in(al, 0x61);
            a.hlt();
        });
        machine.Run();
        machine.Cpu.ExitData[0] = 0xFF;
        machine.Run();

        machine.RunToHalt();

        machine.Eax.Should().Be(0, "the answer to the first read must not answer the second");
    }
}
