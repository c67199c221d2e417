using KvmSharp.Tests.Doubles;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Intercepts;

/// <summary>Exceptions, interrupts and task switches: delivered once, or swallowed.</summary>
public sealed class EventInterceptTests
{
    private const byte PageFaultVector = 14;
    private const byte ProtectionVector = 13;
    private const uint Missing = 0x1_2000;

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void Exception_Exit_StandsAtTheInstruction_ThenIsDelivered(int bits)
    {
        using TestMachine machine = Undefined(bits);
        machine.Cpu.Intercepts = InterceptControls.None.WithException(6, InterceptMode.Exit);

        machine.Run().Should().Be(VmExit.InterceptedEvent(0, InterceptKind.Exception, 6));
        (machine.Registers.Rip, machine.Cpu.GetEvents().DeliveringVector).Should().Be((TestMachine.Code + 1, (byte?)6));
        machine.RunToHalt();

        machine.Registers.Rcx.Should().Be(1, "the handler has run once");
        machine.Cpu.Statistics.InterceptsOf(InterceptKind.Exception).Should().Be(1);
        machine.Cpu.InstructionsRetired.Should().Be(4);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    public void Exception_Skipped_IsNotDelivered(int bits)
    {
        using TestMachine machine = Undefined(bits);
        machine.Cpu.Intercepts = InterceptControls.None.WithException(6, InterceptMode.Exit);
        machine.Run();
        machine.Bytes(TestMachine.Code + 1, 0x90, 0x90, 0xF4); // the embedder mends the program
        machine.Cpu.SkipIntercept();
        machine.Cpu.GetEvents().DeliveringVector.Should().BeNull();

        machine.RunToHalt();

        machine.Registers.Rcx.Should().Be(0);
        machine.Cpu.InstructionsRetired.Should().Be(4);
    }

    [Fact]
    public void Exception_SkippedWithItsCause_ComesAgain()
    {
        using TestMachine machine = Undefined(32);
        machine.Cpu.Intercepts = InterceptControls.None.WithException(6, InterceptMode.Exit);
        machine.Run();
        machine.Cpu.SkipIntercept();
        machine.Run().Vector.Should().Be(6);
        machine.Cpu.Statistics.InterceptsOf(InterceptKind.Exception).Should().Be(2);
    }

    [Fact]
    public void Exception_HandledInPlace_IsSwallowed()
    {
        using TestMachine machine = Undefined(32);
        machine.Cpu.Intercepts = InterceptControls.None.WithException(6, InterceptMode.Exit);
        machine.Vm.ExitHandler = new RecordingHandler
        {
            Handles = static number => number == 0,
            OnExit = (_, _) =>
            {
                machine.Cpu.SkipIntercept();
                machine.Set(r => r with { Rip = r.Rip + 2 });
            },
        };
        machine.RunToHalt();
        machine.Registers.Rcx.Should().Be(0);
    }

    [Fact]
    public void Exception_OtherBit_IsLeftAlone()
    {
        using TestMachine machine = Undefined(32);
        machine.Cpu.Intercepts = new InterceptControls { ExceptionExits = ~(1u << 6), ExceptionCounts = 1u << 6 };
        machine.RunToHalt();
        machine.Cpu.Statistics.InterceptsOf(InterceptKind.Exception).Should().Be(1);
        machine.Cpu.Statistics.ExitsOf(VmExitReason.Intercept).Should().Be(0);
    }

    [Fact]
    public void NestedFault_EachExitsOnce()
    {
        // #UD whose gate is missing: #GP, delivered through a gate that exists.
        using TestMachine machine = TestMachine.Protected(a => a.ud2()).Handle(ProtectionVector, a => a.hlt());
        machine.Cpu.Intercepts = new InterceptControls { ExceptionExits = (1u << 6) | (1u << ProtectionVector) };
        machine.Run().Vector.Should().Be(6);
        machine.Run().Should().Be(VmExit.InterceptedEvent(0, InterceptKind.Exception, ProtectionVector, errorCode: (6 * 8) | 3));
        machine.RunToHalt();
        machine.Cpu.Statistics.ExitsOf(BasicExitReason.ExceptionOrNmi).Should().Be(2);
    }

    [Fact]
    public void PageFault_Exit_TellsTheAddressAndHasNotWrittenCr2()
    {
        using TestMachine machine = Paged();
        machine.Cpu.Intercepts = InterceptControls.None.WithException(PageFaultVector, InterceptMode.Exit);

        VmExit exit = machine.Run();

        exit.Should().Be(VmExit.InterceptedEvent(0, InterceptKind.PageFault, PageFaultVector, errorCode: 2, qualification: Missing + 4));
        machine.Cpu.GetSpecialRegisters().Cr2.Should().Be(0xABC);
        machine.RunToHalt();
        (machine.Cpu.GetSpecialRegisters().Cr2, machine.Registers.Rcx).Should().Be((Missing + 4UL, 1UL));
    }

    [Fact]
    public void PageFault_SkippedAfterMapping_IsInvisibleToTheGuest()
    {
        using TestMachine machine = Paged();
        machine.Cpu.Intercepts = InterceptControls.None.WithException(PageFaultVector, InterceptMode.Exit);
        machine.Run();
        machine.MapPage(Missing, Missing | 7);
        machine.Cpu.SkipIntercept();
        machine.RunToHalt();
        (machine.Cpu.GetSpecialRegisters().Cr2, machine.Registers.Rcx).Should().Be((0xABCUL, 0UL));
        machine.Ram.Read<uint>(Missing + 4).Should().Be(5);
        machine.Cpu.InstructionsRetired.Should().Be(3);
    }

    [Theory]
    [InlineData(2u, 2u, true)]
    [InlineData(2u, 0u, false)]
    [InlineData(1u, 0u, true)]
    [InlineData(1u, 1u, false)]
    public void PageFault_ErrorCodeMask_Selects(uint mask, uint match, bool intercepted)
    {
        using TestMachine machine = Paged();
        machine.Cpu.Intercepts = new InterceptControls
        {
            ExceptionExits = 1u << PageFaultVector,
            PageFaultErrorMask = mask,
            PageFaultErrorMatch = match,
        };
        machine.Run().Reason.Should().Be(intercepted ? VmExitReason.Intercept : VmExitReason.Hlt);
    }

    [Theory]
    [InlineData(16, InterceptMode.Count, false)]
    [InlineData(16, InterceptMode.Exit, false)]
    [InlineData(32, InterceptMode.Count, false)]
    [InlineData(32, InterceptMode.Exit, false)]
    [InlineData(32, InterceptMode.Exit, true)]
    public void ExternalInterrupt_CarriesItsVector_AndIsDeliveredOrDropped(int bits, InterceptMode mode, bool skip)
    {
        using TestMachine machine = Idle(bits).Handle(0x30, a => a.hlt());
        machine.Cpu.Intercepts = new InterceptControls { ExternalInterrupt = mode };
        machine.Cpu.Interrupt(0x30);
        if (mode == InterceptMode.Exit)
        {
            VmExit exit = machine.Run();
            exit.Should().Be(VmExit.InterceptedEvent(0, InterceptKind.ExternalInterrupt, 0x30));
            exit.BasicExitReason.Should().Be(BasicExitReason.ExternalInterrupt);
            if (skip)
            {
                machine.Cpu.SkipIntercept();
            }
        }

        machine.RunToHalt();

        machine.Cpu.Statistics.InterceptsOf(InterceptKind.ExternalInterrupt).Should().Be(1);
        machine.Cpu.Statistics.Interrupts.Should().Be(skip ? 0UL : 1UL);
        machine.Registers.Rcx.Should().Be(skip ? 1UL : 0UL, "a dropped interrupt lets the program go on");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nmi_Skipped_DoesNotStayMasked(bool skip)
    {
        using TestMachine machine = Idle(32).Handle(2, a => a.hlt());
        machine.Cpu.Intercepts = new InterceptControls { Nmi = InterceptMode.Exit };
        machine.Cpu.InjectNmi();
        VmExit exit = machine.Run();
        (exit.Intercept, exit.BasicExitReason).Should().Be((InterceptKind.Nmi, BasicExitReason.ExceptionOrNmi));
        if (skip)
        {
            machine.Cpu.SkipIntercept();
        }

        machine.RunToHalt();
        machine.Cpu.GetEvents().NmiMasked.Should().Be(!skip);
    }

    [Theory]
    [InlineData("jmp", 2UL)]
    [InlineData("call", 0UL)]
    [InlineData("int", 3UL)]
    [InlineData("fault", 3UL)]
    public void TaskSwitch_Exit_TellsSelectorAndSource_ThenSwitchesOnce(string source, ulong code)
    {
        using var guest = new ProtectedGuest();
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x20, ProtectedGuest.Target); // EIP
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x24, 2u);
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x38, 0x4_0000u); // ESP
        guest.Vm.Memory.Write(ProtectedGuest.OtherTss + 0x4C, (uint)ProtectedGuest.Code0);
        foreach (uint segment in (uint[])[0x48, 0x50, 0x54, 0x58, 0x5C])
        {
            guest.Vm.Memory.Write(ProtectedGuest.OtherTss + segment, (uint)ProtectedGuest.Data0);
        }

        guest.SetGate(0x40, Descriptors.TaskGate(ProtectedGuest.OtherTssSelector));
        guest.SetGate(6, Descriptors.TaskGate(ProtectedGuest.OtherTssSelector));
        guest.Cpu.Intercepts = new InterceptControls { TaskSwitch = InterceptMode.Exit, SoftwareInterrupt = InterceptMode.Count };
        VmExit exit = guest.Run(a =>
        {
            switch (source)
            {
                case "jmp":
                    a.jmp(ProtectedGuest.OtherTssSelector, 0);
                    break;
                case "call":
                    a.call(ProtectedGuest.OtherTssSelector, 0);
                    break;
                case "int":
                    a.@int(0x40);
                    break;
                default:
                    a.ud2();
                    break;
            }
        });

        exit.Should().Be(VmExit.Intercepted(0, InterceptKind.TaskSwitch, ProtectedGuest.OtherTssSelector | (code << 30)));
        exit.BasicExitReason.Should().Be(BasicExitReason.TaskSwitch);
        (guest.Registers.Rip, guest.Special.Tr.Selector).Should().Be((ProtectedGuest.Code, ProtectedGuest.TssSelector), "nothing has happened yet");
        guest.Run().Reason.Should().Be(VmExitReason.Hlt);
        (guest.Registers.Rip, guest.Special.Tr.Selector).Should().Be((ProtectedGuest.Target + 1UL, ProtectedGuest.OtherTssSelector));
        guest.Cpu.Statistics.InterceptsOf(InterceptKind.TaskSwitch).Should().Be(1);
        guest.Cpu.Statistics.InterceptsOf(InterceptKind.SoftwareInterrupt).Should().Be(source == "int" ? 1UL : 0UL, "it is one INT, though it ran twice");
    }

    [Fact]
    public void CompletePendingExit_MeetingAnIntercept_LeavesItToTheNextRun()
    {
        // The load is answered; then the store half of the instruction faults.
        using TestMachine machine = Paged();
        machine.Ram.Write(TestMachine.Code, TestMachine.Assemble(32, TestMachine.Code, a =>
        {
            a.mov(esi, (int)TestMachine.Mmio);
            a.mov(edi, (int)Missing);
            a.movsd();
            a.hlt();
        }));
        machine.Set(r => r with { Rip = TestMachine.Code });
        machine.Cpu.Intercepts = InterceptControls.None.WithException(PageFaultVector, InterceptMode.Exit);
        VmExit exit = machine.Run();
        if (exit.Reason == VmExitReason.Mmio)
        {
            machine.Cpu.CompletePendingExit().Should().BeTrue();
            exit = machine.Run();
        }

        exit.Intercept.Should().Be(InterceptKind.PageFault);
        machine.Registers.Rip.Should().Be(TestMachine.Code + 10);
        machine.RunToHalt();
        machine.Cpu.Statistics.InterceptsOf(InterceptKind.PageFault).Should().Be(1);
    }

    [Fact]
    public void UserCode_PrivilegedInstruction_FaultsBeforeItsIntercept()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.Cpu.Intercepts = new InterceptControls { Hlt = InterceptMode.Exit, Cr3Write = InterceptMode.Exit, Cpuid = InterceptMode.Count };
        guest.Run(a =>
        {
            a.cpuid();
            a.mov(cr3, eax);
        }).Intercept.Should().Be(InterceptKind.Hlt, "the first thing intercepted is the HLT of the #GP handler");
        guest.Registers.Rip.Should().Be(ProtectedGuest.HandlerOf(ProtectionVector));
        guest.Cpu.Statistics.InterceptsOf(InterceptKind.Cpuid).Should().Be(1);
        guest.Cpu.Statistics.InterceptsOf(InterceptKind.ControlRegisterWrite).Should().Be(0);
    }

    private static TestMachine Undefined(int bits)
    {
        TestMachine machine = bits == 32 ? TestMachine.Protected() : TestMachine.Real();
        machine.Load(TestMachine.Code, a =>
        {
            a.nop();
            a.ud2();
            a.hlt();
        });
        return machine.Handle(6, a =>
        {
            a.inc(cx);
            a.hlt();
        });
    }

    private static TestMachine Idle(int bits)
    {
        TestMachine machine = bits == 32 ? TestMachine.Protected() : TestMachine.Real();
        machine.Load(TestMachine.Code, a =>
        {
            a.inc(cx);
            a.hlt();
        });
        machine.Set(r => r with { Rflags = r.Rflags | TestMachine.InterruptFlag });
        return machine;
    }

    private static TestMachine Paged()
    {
        TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(eax, 5);
            a.mov(__dword_ptr[Missing + 4], eax);
            a.hlt();
        }).Handle(PageFaultVector, a =>
        {
            a.inc(ecx);
            a.hlt();
        }).EnablePaging();
        machine.MapPage(Missing, 0);
        machine.SetSpecial(s => s with { Cr2 = 0xABC });
        return machine;
    }
}
