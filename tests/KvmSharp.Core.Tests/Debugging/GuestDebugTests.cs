using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Debugging;

public class GuestDebugTests
{
    private const uint SingleStepBit = 1 << 14;

    [Fact]
    public void SingleStep_EachInstruction_IsOneExit()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, 1);
            a.inc(eax);
            a.hlt();
        });
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { SingleStep = true });
        VmExit first = machine.Run();
        (first.Reason, first.Vector, first.ProgramCounter).Should().Be((VmExitReason.Debug, (byte)1, TestMachine.Code + 5));
        first.Dr6.Should().Be(0xFFFF_0FF0 | SingleStepBit);
        machine.Run().ProgramCounter.Should().Be(TestMachine.Code + 6);
        machine.Eax.Should().Be(2);
        machine.Run().ProgramCounter.Should().Be(TestMachine.Code + 7);
        machine.RunToHalt();
        machine.Cpu.InstructionsRetired.Should().Be(3);
    }

    [Fact]
    public void SingleStep_RepeatedString_StopsBehindEachIteration()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.rep.stosb();
            a.hlt();
        });
        machine.Set(r => r with { Rdi = TestMachine.Data, Rcx = 3 });
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { SingleStep = true });
        machine.Run().ProgramCounter.Should().Be(TestMachine.Code);
        machine.Registers.Rcx.Should().Be(2);
        machine.Run();
        machine.Run().ProgramCounter.Should().Be(TestMachine.Code + 2);
    }

    [Fact]
    public void SingleStep_Fault_StopsAtTheHandler()
    {
        using TestMachine machine = TestMachine.Protected(a => a.ud2()).Handle(6, a => a.hlt());
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { SingleStep = true });
        machine.Run().ProgramCounter.Should().Be(TestMachine.Handlers + (6 * 0x40));
    }

    [Fact]
    public void SingleStep_UnansweredPort_StopsWhenTheInstructionIsDone()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.@in(al, 0x60);
            a.hlt();
        });
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { SingleStep = true });
        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.Cpu.ExitData[0] = 0x5A;
        VmExit step = machine.Run();
        (step.Reason, step.ProgramCounter).Should().Be((VmExitReason.Debug, TestMachine.Code + 2));
        machine.Eax.Should().Be(0x5A);
    }

    [Fact]
    public void SingleStep_GuestThatStepsItself_SeesItsOwnTraps()
    {
        ulong Run(GuestDebugOptions? options)
        {
            using TestMachine machine = TestMachine.Protected(a =>
            {
                a.pushfd();
                a.or(__dword_ptr[esp], (uint)TestMachine.TrapFlag);
                a.popfd();
                a.nop();
                a.nop();
                a.pushfd();
                a.and(__dword_ptr[esp], ~(uint)TestMachine.TrapFlag);
                a.popfd();
                a.hlt();
            }).Handle(1, a =>
            {
                a.inc(ebx);
                a.iretd();
            });
            machine.Cpu.SetGuestDebug(options);
            while (machine.Run().Reason == VmExitReason.Debug)
            {
            }

            return machine.Registers.Rbx;
        }

        Run(new GuestDebugOptions { SingleStep = true }).Should().Be(Run(null)).And.BeGreaterThan(2);
    }

    [Fact]
    public void SoftwareBreakpoint_Int3_ExitsBeforeIt()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(eax);
            a.int3();
            a.hlt();
        }).Handle(3, a => a.hlt());
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { SoftwareBreakpoints = true });
        VmExit exit = machine.Run();
        (exit.Reason, exit.Vector, exit.ProgramCounter).Should().Be((VmExitReason.Debug, (byte)3, TestMachine.Code + 1));
        machine.Registers.Rip.Should().Be(TestMachine.Code + 1);
        machine.Cpu.HasPendingExit.Should().BeFalse();
        machine.Cpu.SetGuestDebug(null);
        machine.RunToHalt();
        machine.Registers.Rip.Should().Be(TestMachine.Handlers + (3 * 0x40) + 1, "the guest's own handler took it");
    }

    [Fact]
    public void HardwareBreakpoint_Execute_StopsBeforeEachTimeAndIsInvisible()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            Label again = a.CreateLabel();
            a.mov(ecx, 3);
            a.Label(ref again);
            a.inc(ebx);
            a.dec(ecx);
            a.jnz(again);
            a.mov(edx, dr7);
            a.hlt();
        });
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { HardwareBreakpoints = [new HardwareBreakpoint(TestMachine.Code + 5)] });
        for (uint met = 0; met < 3; met++)
        {
            VmExit exit = machine.Run();
            (exit.Reason, exit.ProgramCounter, exit.Dr6, exit.Dr7).Should().Be((VmExitReason.Debug, TestMachine.Code + 5, 0xFFFF_0FF1, 0x402u));
            machine.Registers.Rbx.Should().Be(met);
        }

        machine.RunToHalt();
        machine.Registers.Rdx.Should().Be(0x400);
        (machine.Cpu.GetDebugRegisters().Dr6 & 0xF).Should().Be(0);
    }

    [Theory]
    [InlineData(BreakpointKind.Write, 0xD_0402u)]
    [InlineData(BreakpointKind.ReadWrite, 0xF_0402u)]
    public void HardwareBreakpoint_Data_StopsBehindTheStore(BreakpointKind kind, uint dr7)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__dword_ptr[TestMachine.Data + 4], 1);
            a.mov(__dword_ptr[TestMachine.Data], 2);
            a.hlt();
        });
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { HardwareBreakpoints = [new HardwareBreakpoint(TestMachine.Data, kind, 4)] });
        VmExit exit = machine.Run();
        (exit.Reason, exit.ProgramCounter, exit.Dr7).Should().Be((VmExitReason.Debug, TestMachine.Code + 20, dr7));
        machine.Ram.Read<uint>(TestMachine.Data).Should().Be(2);
        machine.RunToHalt();
    }

    [Fact]
    public void SetGuestDebug_WhatRegistersCannotExpress_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected(a => a.hlt());
        HardwareBreakpoint[][] wrong =
        [
            [new(1), new(2), new(3), new(4), new(5)],
            [new(2, BreakpointKind.Write, 4)],
            [new(0, BreakpointKind.Write, 3)],
            [new(0, BreakpointKind.Execute, 2)],
            [new(0x1_0000, BreakpointKind.Port)],
        ];
        foreach (HardwareBreakpoint[] breakpoints in wrong)
        {
            Action set = () => machine.Cpu.SetGuestDebug(new GuestDebugOptions { HardwareBreakpoints = breakpoints });
            set.Should().Throw<KvmException>();
        }

        machine.Cpu.GuestDebug.Should().BeNull();
    }
}
