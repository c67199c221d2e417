using KvmSharp.Tests.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

/// <summary>Breakpoints, watchpoints, steps, and what a debugger leaves of them: nothing.</summary>
public class ResumeTests
{
    [Theory]
    [InlineData(EngineKind.Interpreter, "0", "swbreak:;")]
    [InlineData(EngineKind.Translator, "0", "swbreak:;")]
    [InlineData(EngineKind.Interpreter, "1", "hwbreak:;")]
    public void Breakpoint_MetAndPassed_CountsEveryRound(EngineKind engine, string type, string reason)
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Counting) with { Engine = engine });
        using GdbClient client = machine.Connect();
        client.Ask("qSupported:swbreak+;hwbreak+");
        client.Ask($"Z{type},{StubGuests.BehindStore:x},1").Should().Be("OK");
        for (uint round = 1; round <= 20; round++)
        {
            client.Ask("vCont;c").Should().Be($"T05thread:1;{reason}");
            client.Ask("m200000,4").Should().Be(Convert.ToHexStringLower(BitConverter.GetBytes(round)));
            client.Ask("m10000b,1").Should().Be("3d", "no INT3 is written");
        }

        client.Ask($"z{type},{StubGuests.BehindStore:x},1").Should().Be("OK");
        client.Ask("vCont;c").Should().Be("W00");
        machine.End();
        machine.Machine.InstructionsRetired.Should().Be(StubGuests.Instructions);
    }

    [Theory]
    [InlineData("2", "watch")]
    [InlineData("4", "awatch")]
    [InlineData("3", null)] // nobody reads it
    public void Watchpoint_OfAKind_StopsBehindTheAccess(string type, string? reason)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask($"Z{type},1ffff0,20").Should().Be("OK");
        string answer = client.Ask("c");
        answer.Should().Be(reason is null ? "W00" : $"T05thread:1;{reason}:1ffff0;");
        if (reason is not null)
        {
            client.Ask("p8").Should().Be("0b001000");
        }
    }

    [Fact]
    public void Step_EachInstruction_AdvancesOne()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        foreach (string pointer in (string[])["05001000", "06001000", "0b001000", "10001000", "05001000"])
        {
            client.Ask("vCont;s:1").Should().Be("T05thread:1;");
            client.Ask("p8").Should().Be(pointer);
        }

        client.Ask("D");
        machine.End();
        machine.Machine.InstructionsRetired.Should().Be(StubGuests.Instructions);
    }

    [Fact]
    public void Step_ThroughARange_StopsBehindIt()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask($"vCont;r{StubGuests.Start:x},{StubGuests.PowerOff:x}:1").Should().Be("T05thread:1;");
        client.Ask("m200000,4").Should().Be("00100000");
        client.Ask("p8").Should().Be("12001000");
    }

    [Fact]
    public void Step_ThroughARangeWithABreakpoint_StopsAtIt()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask($"Z0,{StubGuests.Store:x},1");
        client.Ask($"vCont;r{StubGuests.Start:x},{StubGuests.PowerOff:x}:1").Should().StartWith("T05thread:1;");
        client.Ask("p8").Should().Be("06001000");
    }

    [Fact]
    public void Continue_AtAnotherAddress_GoesOnThere()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask($"c{StubGuests.PowerOff:x}").Should().Be("W00");
        machine.End();
        machine.Machine.InstructionsRetired.Should().Be(3);
    }

    [Fact]
    public void Breakpoint_UnderASegmentBase_IsALinearAddress()
    {
        // 7C00: jmp 07C0:0005; 7C05: nop; jmp $
        byte[] code = [0xEA, 0x05, 0x00, 0xC0, 0x07, 0x90, 0xEB, 0xFE];
        using var machine = new DebuggedMachine(RealMode(code));
        using GdbClient client = machine.Connect();
        client.Ask("qSupported:swbreak+;hwbreak+");
        client.Ask("Z0,7c06,1");
        client.Ask("c").Should().Be("T05thread:1;", "told as a breakpoint, gdb would look for it at the instruction pointer");
        client.Ask("p8").Should().Be("06000000");
    }

    [Fact]
    public void Shadows_OfStiAndMovSs_HoldWhileStepping()
    {
        // mov ax,ds; mov ss,ax; sti; nop; cli; jmp $
        byte[] code = [0x8C, 0xD8, 0x8E, 0xD0, 0xFB, 0x90, 0xFA, 0xEB, 0xFE];
        using var machine = new DebuggedMachine(RealMode(code));
        using GdbClient client = machine.Connect();
        client.Ask("s");
        client.Ask("s").Should().StartWith("T05");
        client.Monitor("regs").Should().Contain("mov ss yes");
        client.Ask("s");
        client.Monitor("regs").Should().Contain("sti yes").And.Contain("mov ss no");
        client.Ask("s");
        client.Monitor("regs").Should().Contain("sti no");
    }

    [Fact]
    public void Monitor_Commands_TellOfTheMachine()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Monitor("help").Should().Contain("walk").And.Contain("devices").And.Contain("exits");
        client.Monitor("nonsense").Should().Contain("no command 'nonsense'");
        client.Monitor("devices").Should().Contain("03f8-03ff  Uart16550").And.Contain("8086:1237");
        client.Monitor("regs").Should().Contain("32-bit protected mode, no paging");
        client.Monitor("walk 0x100000").Should().Contain("physical 100000");
        client.Monitor("walk 1048576").Should().Contain("physical 100000");
        client.Monitor("walk").Should().Contain("takes one address");
        client.Monitor("arch pdp11").Should().Contain("takes auto");
        client.Ask("s");
        client.Monitor("exits").Should().Contain("1 instructions").And.Contain("Debug");
    }

    private static PcOptions RealMode(byte[] code) => new()
    {
        Boot = new BootSource { Image = new ImageFile("test", code), Format = ImageFormat.Flat },
        MemoryBytes = 2 << 20,
        Deterministic = true,
    };
}
