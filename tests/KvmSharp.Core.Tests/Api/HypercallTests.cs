using KvmSharp.Tests.Doubles;
using KvmSharp.Tests.Guest;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Api;

public sealed class HypercallTests
{
    private const byte InvalidOpcode = 6;

    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(32, true)]
    [InlineData(32, false)]
    public void Call_Off_IsAnInvalidOpcode(int bits, bool intel)
    {
        using TestMachine machine = Create(bits, intel).Handle(InvalidOpcode, a => a.hlt());
        machine.RunToHalt();
        machine.Registers.Rip.Should().Be(TestMachine.Handlers + (InvalidOpcode * 0x40) + 1);
    }

    [Theory]
    [InlineData(16, true)]
    [InlineData(16, false)]
    [InlineData(32, true)]
    [InlineData(32, false)]
    public void Call_On_CarriesNumberAndArguments_AndReturnsTheResult(int bits, bool intel)
    {
        using TestMachine machine = Create(bits, intel);
        machine.Vm.HypercallExits = true;

        VmExit exit = machine.Run();

        exit.Should().Be(VmExit.Hypercall(0, 0x42));
        exit.BasicExitReason.Should().Be(BasicExitReason.Vmcall);
        Quadwords(machine.Cpu.ExitData).Should().Equal(unchecked((ulong)-1000), 11, 12, 13, 14);
        machine.Registers.Rip.Should().Be(TestMachine.Code, "the instruction is unfinished");
        machine.Cpu.CompleteHypercall(0x1_0000_0007);
        machine.RunToHalt();
        machine.Registers.Rax.Should().Be(7, "32 bits outside 64-bit mode");
        machine.Cpu.InstructionsRetired.Should().Be(2);
    }

    [Fact]
    public void Call_HandledInPlace_TakesTheResultFromTheData()
    {
        using TestMachine machine = Create(32, intel: true);
        machine.Vm.HypercallExits = true;
        ulong[] data = [];
        machine.Vm.ExitHandler = new RecordingHandler
        {
            Handles = static number => number == 0,
            OnExit = (_, bytes) => data = Quadwords(bytes),
            Answer = static (_, _) => 99,
        };
        machine.RunToHalt();
        data.Should().Equal(unchecked((ulong)-1000), 11, 12, 13, 14);
        machine.Registers.Rax.Should().Be(99);
        machine.Cpu.Statistics.ExitsOf(VmExitReason.Hypercall).Should().Be(1);
    }

    [Fact]
    public void Call_NotAnswered_ReturnsNoSuchCall()
    {
        using TestMachine machine = Create(32, intel: true);
        machine.Vm.HypercallExits = true;
        machine.Run();
        machine.RunToHalt();
        ((int)machine.Eax).Should().Be(-1000);
    }

    [Fact]
    public void Call_FromUserLevel_IsNotPermitted()
    {
        using var guest = new ProtectedGuest(cpl: 3);
        guest.Vm.HypercallExits = true;
        guest.RunToHandler(a =>
        {
            a.vmcall();
            a.hlt();
        }).Should().Be(13, "only the HLT faults");
        ((int)guest.Registers.Rax).Should().Be(-1);
    }

    [Fact]
    public void CompleteHypercall_WithoutOne_IsRefused()
    {
        using TestMachine machine = TestMachine.Protected(a => a.@out(0x80, al));
        machine.Invoking(m => m.Cpu.CompleteHypercall(0)).Should().Throw<KvmException>();
        machine.Run().Reason.Should().Be(VmExitReason.Io);
        machine.Invoking(m => m.Cpu.CompleteHypercall(0)).Should().Throw<KvmException>();
    }

    private static ulong[] Quadwords(ReadOnlySpan<byte> bytes) => System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(bytes).ToArray();

    private static TestMachine Create(int bits, bool intel)
    {
        TestMachine machine = bits == 32 ? TestMachine.Protected() : TestMachine.Real();
        machine.Load(TestMachine.Code, a =>
        {
            if (intel)
            {
                a.vmcall();
            }
            else
            {
                a.vmmcall();
            }

            a.hlt();
        });
        machine.Set(r => r with { Rax = 0x42, Rbx = 11, Rcx = 12, Rdx = 13, Rsi = 14 });
        return machine;
    }
}
