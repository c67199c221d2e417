using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Tests.Debugging;

/// <summary>The embedder's breakpoints beyond four: any number, any length, loads apart from stores.</summary>
public class WatchedRangeTests
{
    [Fact]
    public void Code_AHundredAddresses_StopsBeforeEachAndIsInvisible()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            for (int i = 0; i < 100; i++)
            {
                a.inc(eax);
            }

            a.mov(edx, dr7);
            a.hlt();
        });
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { Ranges = [.. Enumerable.Range(0, 100).Select(i => WatchedRange.Code(TestMachine.Code + (ulong)i))] });
        for (uint met = 0; met < 100; met++)
        {
            machine.Run().Reason.Should().Be(VmExitReason.Debug);
            (machine.Registers.Rip, machine.Eax).Should().Be((TestMachine.Code + met, met));
            machine.Cpu.GuestDebugHit.Should().Be(WatchedRange.Code(TestMachine.Code + met));
        }

        machine.RunToHalt();
        machine.Registers.Rdx.Should().Be(0x400);
        machine.Cpu.InstructionsRetired.Should().Be(102);
    }

    [Theory]
    [InlineData(WatchedAccess.Read, 10)]
    [InlineData(WatchedAccess.Write, 5)]
    [InlineData(WatchedAccess.Read | WatchedAccess.Write, 5)]
    public void Data_LoadsApartFromStores_StopBehindTheAccess(WatchedAccess accesses, int behind)
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.mov(__dword_ptr[TestMachine.Data + 0x1FFC], eax); // 5 bytes, in the third page of the range
            a.mov(eax, __dword_ptr[TestMachine.Data + 0x1FFC]);
            a.hlt();
        });
        var range = new WatchedRange(TestMachine.Data - 3, 0x2002, accesses); // its last byte is 1FFEh
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { Ranges = [range] });
        VmExit exit = machine.Run();
        (exit.Reason, exit.ProgramCounter, exit.Dr6).Should().Be((VmExitReason.Debug, TestMachine.Code + (ulong)behind, 0xFFFF_0FF0u));
        machine.Cpu.GuestDebugHit.Should().Be(range);
    }

    [Theory]
    [InlineData(EngineKind.Interpreter)]
    [InlineData(EngineKind.Translator)]
    public void Data_SetWhileALoopIsHot_StopsAtTheStore(EngineKind engine)
    {
        using TestMachine machine = TestMachine.On(engine, a =>
        {
            Label again = a.CreateLabel();
            a.mov(ecx, 1000);
            a.Label(ref again);
            a.add(eax, ecx);
            a.mov(__dword_ptr[(ecx * 4) + (int)TestMachine.Data], eax);
            a.dec(ecx);
            a.jnz(again);
            a.hlt();
        });
        machine.Cpu.Run(2000);
        ulong element = TestMachine.Data + (4 * 100);
        machine.Cpu.SetGuestDebug(new GuestDebugOptions { Ranges = [new WatchedRange(element, 4, WatchedAccess.Write)] });
        machine.Run().Reason.Should().Be(VmExitReason.Debug);
        machine.Registers.Rcx.Should().Be(100);
        machine.Ram.Read<uint>(element).Should().Be(machine.Eax);
        machine.Cpu.SetGuestDebug(null);
        machine.RunToHalt();
        machine.Eax.Should().Be(500_500);
        machine.Cpu.InstructionsRetired.Should().Be(4002);
    }

    [Fact]
    public void Code_OnARepeatedString_IsMetOnceAndLeavesTheFlagsAlone()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.rep.stosb();
            a.hlt();
        });
        machine.Set(r => r with { Rdi = TestMachine.Data, Rcx = 5 });
        var stops = new GuestDebugOptions { Ranges = [WatchedRange.Code(TestMachine.Code)] };
        machine.Cpu.SetGuestDebug(stops);
        machine.Run().Reason.Should().Be(VmExitReason.Debug);

        machine.Cpu.SetGuestDebug(new GuestDebugOptions { SingleStep = true });
        machine.Run().ProgramCounter.Should().Be(TestMachine.Code);
        (machine.Registers.Rcx, machine.Registers.Rflags & 0x1_0000).Should().Be((4UL, 0UL), "RF would be seen by an interrupt's handler");

        machine.Cpu.SetGuestDebug(stops);
        machine.RunToHalt();
        machine.Registers.Rcx.Should().Be(0);
    }

    [Fact]
    public void SetGuestDebug_AnewAtABreakpointThatWasTold_GoesOnBehindIt()
    {
        using TestMachine machine = TestMachine.Protected(a =>
        {
            a.inc(eax);
            a.hlt();
        });
        var stops = new GuestDebugOptions { Ranges = [WatchedRange.Code(TestMachine.Code)] };
        machine.Cpu.SetGuestDebug(stops);
        machine.Run().Reason.Should().Be(VmExitReason.Debug);
        machine.Cpu.SetGuestDebug(null);
        machine.Cpu.SetGuestDebug(stops);
        machine.RunToHalt();
        machine.Eax.Should().Be(1);
    }

    [Fact]
    public void SetGuestDebug_RangesThatMeanNothing_AreRefused()
    {
        using TestMachine machine = TestMachine.Protected(a => a.hlt());
        WatchedRange[] wrong =
        [
            new(1, 0, WatchedAccess.Write),
            new(1, 2, WatchedAccess.Execute),
            new(1, 1, WatchedAccess.None),
            new(1, 1, WatchedAccess.Execute | WatchedAccess.Read),
            new(2, ulong.MaxValue, WatchedAccess.Read),
        ];
        foreach (WatchedRange range in wrong)
        {
            Action set = () => machine.Cpu.SetGuestDebug(new GuestDebugOptions { Ranges = [range] });
            set.Should().Throw<KvmException>();
        }

        machine.Cpu.GuestDebug.Should().BeNull();
    }
}
