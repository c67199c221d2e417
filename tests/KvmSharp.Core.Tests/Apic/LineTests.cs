using KvmSharp.Apic;
using KvmSharp.Tests.Doubles;

namespace KvmSharp.Tests.Apic;

/// <summary>LINT0 and LINT1: the 8259 behind the local APIC, in every way that boards and systems use.</summary>
public sealed class LineTests : ApicTests
{
    private const byte Vector = 0x30;

    [Theory]
    [InlineData(0x700u, true, true, true)]    // ExtINT, open: virtual wire
    [InlineData(0x1_0700u, true, true, false)]
    [InlineData(0x1_0000u, false, true, true)] // disabled by software: the pin is the processor's
    [InlineData(0x1_0000u, true, false, true)] // disabled altogether
    [InlineData(0x1_0000u, true, true, false)]
    public void ExternalInterrupt_PassesOrNot(uint lint0, bool software, bool hardware, bool passes)
    {
        TestMachine machine = Machine(enabled: false);
        if (software)
        {
            Write(machine.Cpu, ApicRegister.SpuriousVector, Enabled);
        }

        Write(machine.Cpu, ApicRegister.LvtLint0, lint0);
        if (!hardware)
        {
            machine.Cpu.SetMsr(0x1B, 0xFEE0_0000);
        }

        var controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        Nops(machine);
        controller.Request();
        machine.Run(3);
        controller.Acknowledged.Should().Be(passes ? 1 : 0);
    }

    [Fact]
    public void ExternalInterrupt_OpenedLater_Passes()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.LvtLint0, Masked);
        var controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        Nops(machine);
        controller.Request();
        machine.Run(3);
        Write(machine.Cpu, ApicRegister.LvtLint0, 0x700);
        machine.Run(3);
        controller.Acknowledged.Should().Be(1);
    }

    [Fact]
    public void Lint0_FixedEdge_RaisesItsVectorOncePerRise()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.LvtLint0, 0x48);
        machine.Vm.InterruptLine.Drive(true);
        Requests(machine.Cpu).Should().Equal(0x48);
        ApicOf(machine.Cpu).TryAcknowledge(out _);
        machine.Vm.InterruptLine.Drive(true);
        Requests(machine.Cpu).Should().BeEmpty();
        machine.Vm.InterruptLine.Drive(false);
        machine.Vm.InterruptLine.Drive(true);
        Requests(machine.Cpu).Should().Equal(0x48);
    }

    [Fact]
    public void Lint0_FixedLevel_ComesAgainBehindEoiWhileItStands()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.LvtLint0, 0x8048);
        machine.Vm.InterruptLine.Drive(true);
        Read(machine.Cpu, ApicRegister.LvtLint0).Should().Be(0xC048, "remote IRR");
        ApicOf(machine.Cpu).TryAcknowledge(out _);
        Requests(machine.Cpu).Should().BeEmpty();
        Write(machine.Cpu, ApicRegister.EndOfInterrupt, 0);
        Requests(machine.Cpu).Should().Equal(0x48);
        ApicOf(machine.Cpu).TryAcknowledge(out _);
        machine.Vm.InterruptLine.Drive(false);
        Write(machine.Cpu, ApicRegister.EndOfInterrupt, 0);
        Requests(machine.Cpu).Should().BeEmpty();
    }

    [Theory]
    [InlineData(0x400u, true)]
    [InlineData(0x1_0400u, false)]
    public void Lint1_Nmi_FollowsItsEntry(uint lint1, bool comes)
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.LvtLint1, lint1);
        Nops(machine);
        machine.Vm.NmiLine.Drive(true);
        machine.Run(3);
        machine.Cpu.GetEvents().NmiMasked.Should().Be(comes);
    }

    [Fact]
    public void ExtIntMessage_FetchesOneVector()
    {
        TestMachine machine = Machine();
        Write(machine.Cpu, ApicRegister.LvtLint0, Masked);
        var controller = new OneShotController(machine.Vm, Vector);
        machine.Vm.InterruptController = controller;
        Nops(machine);
        machine.Vm.MessageInterrupts.Send(0xFEE0_0000, 0x700);
        machine.Run(5);
        controller.Acknowledged.Should().Be(1);
    }

    // Interrupts are on; the handlers are endless, so that a second delivery would be seen.
    private static void Nops(TestMachine machine)
    {
        foreach (byte vector in new byte[] { 2, Vector })
        {
            machine.Handle(vector, a =>
            {
                for (int i = 0; i < 30; i++)
                {
                    a.nop();
                }
            });
        }

        machine.Load(TestMachine.Code, a =>
        {
            for (int i = 0; i < 30; i++)
            {
                a.nop();
            }
        });
        machine.Set(r => r with { Rflags = 2 | TestMachine.InterruptFlag });
    }
}
