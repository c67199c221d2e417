using KvmSharp.Apic;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Apic;

/// <summary>The registers by name: power-on values, what software can write, what writes do.</summary>
public sealed class LocalApicRegisterTests : ApicTests
{
    private const uint Page = 0xFEE0_0000;

    [Theory]
    [InlineData(0x020, 0u)]
    [InlineData(0x030, 0x0005_0014u)]
    [InlineData(0x080, 0u)]
    [InlineData(0x0A0, 0u)]
    [InlineData(0x0D0, 0u)]
    [InlineData(0x0E0, 0xFFFF_FFFFu)]
    [InlineData(0x0F0, 0x0000_00FFu)]
    [InlineData(0x100, 0u)]
    [InlineData(0x180, 0u)]
    [InlineData(0x200, 0u)]
    [InlineData(0x280, 0u)]
    [InlineData(0x300, 0u)]
    [InlineData(0x310, 0u)]
    [InlineData(0x320, Masked)]
    [InlineData(0x330, Masked)]
    [InlineData(0x340, Masked)]
    [InlineData(0x350, 0x0000_0700u)] // the boot processor's: open for the 8259
    [InlineData(0x360, Masked)]
    [InlineData(0x370, Masked)]
    [InlineData(0x380, 0u)]
    [InlineData(0x390, 0u)]
    [InlineData(0x3E0, 0u)]
    public void PowerOn_ThroughThePage_ReadsAsTheManualSays(int offset, uint expected)
    {
        using TestMachine machine = TestMachine.WithApics(a =>
        {
            a.mov(eax, __dword_ptr[Page + offset]);
            a.hlt();
        });
        machine.RunToHalt();
        machine.Eax.Should().Be(expected);
    }

    [Fact]
    public void Lint0_OfOtherProcessors_IsMasked() => Read(Machine(2).Vm.Vcpus[1], ApicRegister.LvtLint0).Should().Be(Masked);

    [Theory]
    [InlineData((int)ApicRegister.Id, 0xFF00_0000u)]
    [InlineData((int)ApicRegister.Version, null)]
    [InlineData((int)ApicRegister.TaskPriority, 0xFFu)]
    [InlineData((int)ApicRegister.ArbitrationPriority, null)]
    [InlineData((int)ApicRegister.ProcessorPriority, null)]
    [InlineData((int)ApicRegister.LogicalDestination, 0xFF00_0000u)]
    [InlineData((int)ApicRegister.SpuriousVector, 0x3FFu)]
    [InlineData((int)ApicRegister.InService, null)]
    [InlineData((int)ApicRegister.TriggerMode, null)]
    [InlineData((int)ApicRegister.InterruptRequest, null)]
    [InlineData((int)ApicRegister.InterruptCommandHigh, 0xFF00_0000u)]
    [InlineData((int)ApicRegister.LvtTimer, 0x0007_00FFu)]
    [InlineData((int)ApicRegister.LvtThermal, 0x0001_07FFu)]
    [InlineData((int)ApicRegister.LvtPerformance, 0x0001_07FFu)]
    [InlineData((int)ApicRegister.LvtLint0, 0x0001_A7FFu)]
    [InlineData((int)ApicRegister.LvtLint1, 0x0001_A7FFu)]
    [InlineData((int)ApicRegister.LvtError, 0x0001_00FFu)]
    [InlineData((int)ApicRegister.DivideConfiguration, 0xBu)]
    public void Write_AllOnes_KeepsTheBitsThatSoftwareHas(int number, uint? bits)
    {
        var register = (ApicRegister)number;
        VirtualCpu cpu = Machine().Cpu;
        uint before = Read(cpu, register);
        Write(cpu, register, uint.MaxValue);
        uint expected = bits is null ? before : bits.Value;
        if (register == ApicRegister.TaskPriority)
        {
            Read(cpu, ApicRegister.ProcessorPriority).Should().Be(expected, "PPR follows TPR");
        }

        Read(cpu, register).Should().Be(expected);
    }

    [Fact]
    public void DestinationFormat_TakesTheModelOnly()
    {
        VirtualCpu cpu = Machine().Cpu;
        Write(cpu, ApicRegister.DestinationFormat, 0);
        Read(cpu, ApicRegister.DestinationFormat).Should().Be(0x0FFF_FFFF);
    }

    [Fact]
    public void SpuriousVector_SoftwareDisable_MasksEveryEntryForGood()
    {
        VirtualCpu cpu = Machine().Cpu;
        Write(cpu, ApicRegister.LvtTimer, 0x40);
        Write(cpu, ApicRegister.SpuriousVector, 0xFF);
        Read(cpu, ApicRegister.LvtTimer).Should().Be(Masked | 0x40);
        Write(cpu, ApicRegister.LvtTimer, 0x41);
        Read(cpu, ApicRegister.LvtTimer).Should().Be(Masked | 0x41);
        Write(cpu, ApicRegister.SpuriousVector, Enabled);
        Read(cpu, ApicRegister.LvtTimer).Should().Be(Masked | 0x41, "enabling unmasks nothing");
    }

    [Fact]
    public void SoftwareDisabled_VectorsAreNotAccepted()
    {
        TestMachine machine = Machine(enabled: false);
        machine.Vm.MessageInterrupts.Send(Page, 0x4041);
        Requests(machine.Cpu).Should().BeEmpty();
    }

    [Fact]
    public void ErrorStatus_ShowsWhatCameSinceTheLastWrite()
    {
        VirtualCpu cpu = Machine().Cpu;
        Write(cpu, ApicRegister.LvtError, 0x50);
        Write(cpu, ApicRegister.InterruptCommand, 0x0004_0005); // self, vector 5
        Read(cpu, ApicRegister.ErrorStatus).Should().Be(0, "a write brings it up to date");
        Requests(cpu).Should().Equal(0x50);
        Write(cpu, ApicRegister.ErrorStatus, 0);
        Read(cpu, ApicRegister.ErrorStatus).Should().Be((uint)ApicError.SendIllegalVector);
        Write(cpu, ApicRegister.ErrorStatus, 0);
        Read(cpu, ApicRegister.ErrorStatus).Should().Be(0);
    }

    [Fact]
    public void ErrorStatus_IllegalVectorFromADevice_IsAReceiveError()
    {
        TestMachine machine = Machine();
        machine.Vm.MessageInterrupts.Send(Page, 0x400F);
        Write(machine.Cpu, ApicRegister.ErrorStatus, 0);
        Read(machine.Cpu, ApicRegister.ErrorStatus).Should().Be((uint)ApicError.ReceiveIllegalVector);
    }

    [Fact]
    public void ErrorStatus_RegisterThatIsNotThere_IsAnError()
    {
        VirtualCpu cpu = Machine().Cpu;
        Read(cpu, (ApicRegister)0x2F).Should().Be(0);
        Write(cpu, ApicRegister.ErrorStatus, 0);
        Read(cpu, ApicRegister.ErrorStatus).Should().Be((uint)ApicError.IllegalRegisterAddress);
    }

    [Fact]
    public void EndOfInterrupt_LevelTriggered_IsToldOutsideTheGuest()
    {
        TestMachine machine = Machine();
        List<byte> told = [];
        machine.Vm.EndOfInterrupt = told.Add;
        machine.Vm.MessageInterrupts.Send(Page, 0xC041); // level, asserted
        machine.Vm.MessageInterrupts.Send(Page, 0x0042); // edge
        Read(machine.Cpu, ApicRegister.TriggerMode + 2).Should().Be(1u << 1);
        for (int i = 0; i < 2; i++)
        {
            ApicOf(machine.Cpu).TryAcknowledge(out _).Should().Be(i == 0, "41h and 42h are of one priority class");
        }

        Write(machine.Cpu, ApicRegister.EndOfInterrupt, 0);
        ApicOf(machine.Cpu).TryAcknowledge(out byte second).Should().BeTrue();
        Write(machine.Cpu, ApicRegister.EndOfInterrupt, 0);
        second.Should().Be(0x41);
        told.Should().Equal(0x41);
    }

    [Theory]
    [InlineData(0x082)]
    [InlineData(0x084)]
    public void Page_UnalignedWrite_DoesNothing(int offset)
    {
        using TestMachine machine = TestMachine.WithApics(a =>
        {
            a.mov(__dword_ptr[Page + offset], 0x55);
            a.mov(__byte_ptr[Page + 0x80], 0x66);
            a.mov(eax, __dword_ptr[Page + 0x80]);
            a.mov(bl, __byte_ptr[Page + 0x32]);
            a.hlt();
        });
        machine.RunToHalt();
        machine.Eax.Should().Be(0);
        machine.Registers.Rbx.Should().Be(5, "reads of bytes see the register's bytes");
    }

    [Fact]
    public void Page_Moved_LiesOverMemoryAndLeavesItsOldPlace()
    {
        TestMachine machine = Machine();
        machine.Ram.Write(0x5000 + 0x30, 0x1234_5678U);
        machine.Load(TestMachine.Code, a =>
        {
            a.mov(ebx, __dword_ptr[0x5030]);
            a.mov(ecx, 0x1B);
            a.mov(edx, 0);
            a.mov(eax, 0x5900);
            a.wrmsr();
            a.mov(esi, __dword_ptr[0x5030]);
            a.mov(eax, __dword_ptr[Page + 0x30]);
            a.hlt();
        });
        VmExit exit = machine.Run();
        (exit.Reason, exit.Address).Should().Be((VmExitReason.Mmio, Page + 0x30UL));
        (machine.Registers.Rbx, machine.Registers.Rsi).Should().Be((0x1234_5678UL, 0x0005_0014UL));
    }

    [Fact]
    public void WithoutLocalApics_ThePageIsTheEmbedders()
    {
        using TestMachine machine = TestMachine.Protected(a => a.mov(eax, __dword_ptr[Page + 0x30]));
        machine.Run().Reason.Should().Be(VmExitReason.Mmio);
        machine.Cpu.Invoking(c => c.GetLocalApic()).Should().Throw<KvmException>();
        machine.Vm.Invoking(v => v.LocalApics = true).Should().Throw<KvmException>();
    }
}
