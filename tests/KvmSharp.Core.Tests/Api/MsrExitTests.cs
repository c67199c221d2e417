using KvmSharp.Tests.Doubles;

namespace KvmSharp.Tests.Api;

/// <summary>The MSR filter, and MSR accesses that the embedder answers.</summary>
public sealed class MsrExitTests
{
    private const uint SysenterCs = 0x174;
    private const uint Unknown = 0x1234_5678;
    private const byte ProtectionVector = 13;

    public static TheoryData<int, bool> Ways => new() { { 16, false }, { 16, true }, { 32, false }, { 32, true } };

    [Theory]
    [MemberData(nameof(Ways))]
    public void Rdmsr_Filtered_IsAnsweredByTheEmbedder(int bits, bool handle)
    {
        using TestMachine machine = Create(bits, read: true, SysenterCs);
        Deny(machine, SysenterCs, MsrAccess.Read);
        machine.Vm.UserSpaceMsrs = MsrExitReason.Filtered;
        VmExit expected = VmExit.Msr(0, ExitDirection.Read, SysenterCs, 0);
        expected.BasicExitReason.Should().Be(BasicExitReason.Rdmsr);
        expected.MsrReason.Should().Be(MsrExitReason.Filtered);
        if (handle)
        {
            var handler = new RecordingHandler { Handles = static n => n == 0, Answer = static (_, _) => 0x1111_2222_3333_4444 };
            machine.Vm.ExitHandler = handler;
            machine.RunToHalt();
            handler.Seen[0].Should().Be(expected);
        }
        else
        {
            machine.Run().Should().Be(expected);
            machine.Cpu.HasPendingExit.Should().BeTrue();
            BitConverter.TryWriteBytes(machine.Cpu.ExitData, 0x1111_2222_3333_4444UL).Should().BeTrue();
            machine.RunToHalt();
        }

        (machine.Registers.Rax, machine.Registers.Rdx).Should().Be((0x3333_4444UL, 0x1111_2222UL));
        machine.Cpu.InstructionsRetired.Should().Be(2);
        machine.Cpu.Statistics.ExitsOf(BasicExitReason.Rdmsr).Should().Be(1);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Wrmsr_Filtered_GoesToTheEmbedderOnly(int bits, bool handle)
    {
        using TestMachine machine = Create(bits, read: false, SysenterCs);
        Deny(machine, SysenterCs, MsrAccess.Write);
        machine.Vm.UserSpaceMsrs = MsrExitReason.Filtered;
        VmExit expected = VmExit.Msr(0, ExitDirection.Write, SysenterCs, 0x2_0000_0001);
        if (handle)
        {
            var handler = new RecordingHandler { Handles = static n => n == 0 };
            machine.Vm.ExitHandler = handler;
            machine.RunToHalt();
            handler.Seen[0].Should().Be(expected);
        }
        else
        {
            machine.Run().Should().Be(expected);
            machine.RunToHalt();
        }

        machine.Cpu.GetMsr(SysenterCs).Should().Be(0);
        machine.Cpu.InstructionsRetired.Should().Be(2);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Access_AnsweredWithError_IsAProtectionFault(bool read, bool handle)
    {
        using TestMachine machine = Create(32, read, SysenterCs).Handle(ProtectionVector, a => a.hlt());
        Deny(machine, SysenterCs, MsrAccess.ReadWrite);
        machine.Vm.UserSpaceMsrs = MsrExitReason.Filtered;
        if (handle)
        {
            machine.Vm.ExitHandler = new RecordingHandler { Handles = static n => n == 0, OnExit = (_, _) => machine.Cpu.MsrError = true };
        }
        else
        {
            machine.Run().Address.Should().Be(SysenterCs);
            machine.Cpu.MsrError = true;
        }

        machine.RunToHalt();

        machine.Registers.Rip.Should().Be(TestMachine.Handlers + (ProtectionVector * 0x40) + 1);
        machine.Ram.Read<uint>(machine.Registers.Rsp + 4).Should().Be((uint)TestMachine.Code, "it is a fault of the instruction");
        machine.Registers.Rax.Should().Be(1, "nothing was read");
        machine.Cpu.MsrError.Should().BeFalse();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Access_DeniedAndNotAsked_IsAProtectionFault(bool read)
    {
        using TestMachine machine = Create(32, read, SysenterCs).Handle(ProtectionVector, a => a.hlt());
        Deny(machine, SysenterCs, MsrAccess.ReadWrite);
        machine.Vm.UserSpaceMsrs = MsrExitReason.Unknown | MsrExitReason.Invalid;
        machine.RunToHalt();
        machine.Registers.Rip.Should().Be(TestMachine.Handlers + (ProtectionVector * 0x40) + 1);
    }

    [Theory]
    [InlineData(true, Unknown, MsrExitReason.Unknown)]
    [InlineData(false, Unknown, MsrExitReason.Unknown)]
    [InlineData(false, SysenterCs, MsrExitReason.Invalid)] // bits above 31
    public void Access_RefusedByTheProcessor_LeavesWhenAsked(bool read, uint index, MsrExitReason reason)
    {
        using TestMachine machine = Create(32, read, index).Handle(ProtectionVector, a => a.hlt());
        machine.Vm.UserSpaceMsrs = reason;
        VmExit exit = machine.Run();
        (exit.Address, exit.MsrReason).Should().Be((index, reason));
        machine.RunToHalt();
        machine.Registers.Rip.Should().Be(TestMachine.Code + 3, "the embedder took it");
    }

    [Fact]
    public void Rdmsr_OutsideLevel0_FaultsWithoutAnExit()
    {
        using var guest = new Guest.ProtectedGuest(cpl: 3);
        guest.Vm.UserSpaceMsrs = MsrExitReason.Filtered | MsrExitReason.Unknown;
        guest.Vm.MsrFilter = new MsrFilter(allowsByDefault: false);
        guest.RunToHandler(a => a.rdmsr()).Should().Be(ProtectionVector);
    }

    [Fact]
    public void Filter_FirstCoveringRangeDecides()
    {
        var filter = new MsrFilter(
            allowsByDefault: false,
            new MsrFilterRange(0x10, 8, MsrAccess.Read, [0b0000_0101]),
            new MsrFilterRange(0x10, 1, MsrAccess.ReadWrite, allows: false),
            new MsrFilterRange(0x10, 16, MsrAccess.Write, allows: true));

        (filter.Allows(0x10, ExitDirection.Read), filter.Allows(0x11, ExitDirection.Read), filter.Allows(0x12, ExitDirection.Read))
            .Should().Be((true, false, true));
        (filter.Allows(0x10, ExitDirection.Write), filter.Allows(0x11, ExitDirection.Write)).Should().Be((false, true));
        (filter.Allows(0x18, ExitDirection.Read), filter.Allows(0x1F, ExitDirection.Write), filter.Allows(0x20, ExitDirection.Write))
            .Should().Be((false, true, false));
        filter.Allows(0x830, ExitDirection.Write).Should().BeTrue("x2APIC registers are never filtered");
    }

    private static void Deny(TestMachine machine, uint index, MsrAccess access) =>
        machine.Vm.MsrFilter = new MsrFilter(allowsByDefault: true, new MsrFilterRange(index, 1, access, allows: false));

    private static TestMachine Create(int bits, bool read, uint index)
    {
        TestMachine machine = bits == 32 ? TestMachine.Protected() : TestMachine.Real();
        machine.Load(TestMachine.Code, a =>
        {
            if (read)
            {
                a.rdmsr();
            }
            else
            {
                a.wrmsr();
            }

            a.hlt();
        });
        machine.Set(r => r with { Rax = 1, Rcx = index, Rdx = 2 });
        return machine;
    }
}
