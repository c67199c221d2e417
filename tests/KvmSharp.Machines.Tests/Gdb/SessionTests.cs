using KvmSharp.Tests.Gdb;

namespace KvmSharp.Machines.Tests.Gdb;

/// <summary>Who comes, stays, misbehaves and goes.</summary>
public class SessionTests
{
    [Fact]
    public void Run_WithoutAClient_IsAsIfThereWereNoStub()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting, wait: false);
        machine.End().Reason.Should().Be(MachineStopReason.PowerOff);
        machine.Machine.InstructionsRetired.Should().Be(StubGuests.Instructions);
    }

    [Fact]
    public void Wait_NobodyLetsItGo_StandsUntilTheRunIsCancelled()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        machine.Cancel();
        machine.End().Reason.Should().Be(MachineStopReason.Cancelled);
        machine.Machine.InstructionsRetired.Should().Be(0);
    }

    [Fact]
    public void Detach_AtTheStart_TheGuestEndsAsEver()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask("qSupported:swbreak+;hwbreak+").Should().Contain("PacketSize=4000").And.Contain("qXfer:features:read+");
        client.Ask("?").Should().Be("T05thread:1;");
        client.Ask("qAttached").Should().Be("1");
        client.Ask("D").Should().Be("OK");
        machine.End().Reason.Should().Be(MachineStopReason.PowerOff);
        machine.Machine.InstructionsRetired.Should().Be(StubGuests.Instructions);
    }

    [Fact]
    public void Continue_ToTheEnd_TellsTheStatus()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask("c").Should().Be("W00");
        machine.End().Reason.Should().Be(MachineStopReason.PowerOff);
    }

    [Fact]
    public void Kill_EndsTheRun()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless);
        using GdbClient client = machine.Connect();
        client.Ask("vKill;1").Should().Be("OK");
        machine.End().Reason.Should().Be(MachineStopReason.Killed);
    }

    [Fact]
    public void Interrupt_OfARunningGuest_StopsIt()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless, wait: false, deterministic: false);
        using GdbClient client = machine.Connect();
        client.Ask("?").Should().Be("T05thread:1;", "the first packet stops the guest");
        client.Send("c");
        client.SendRaw("\u0003");
        client.Receive().Should().Be("T02thread:1;");
        string count = client.Ask("m200000,4");
        client.Ask("m200000,4").Should().Be(count);
    }

    [Fact]
    public void Interrupt_OfAHaltedGuest_StopsIt()
    {
        byte[] sleep = [0xFA, 0x66, 0xBA, 0xF8, 0x03, 0xF4, 0xEB, 0xFD];
        using var machine = new DebuggedMachine(StubGuests.Options(sleep) with { AwaitsKeys = true, Deterministic = false }, wait: false);
        machine.End().Reason.Should().Be(MachineStopReason.Halted, "interrupts are off");

        byte[] idle = [0xFB, 0xF4, 0xEB, 0xFD];
        using var other = new DebuggedMachine(StubGuests.Options(idle) with { AwaitsKeys = true, Deterministic = false });
        using GdbClient client = other.Connect();
        client.Send("c");
        Thread.Sleep(50);
        client.SendRaw("\u0003");
        client.Receive().Should().Be("T02thread:1;");
        client.Ask("qThreadExtraInfo,1").Should().Be(Convert.ToHexStringLower("processor 0, 32-bit protected mode, Halted"u8));
    }

    [Fact]
    public void Vanish_WhileTheGuestRuns_ItGoesOnAndAnotherMayCome()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless, deterministic: false);
        GdbClient first = machine.Connect();
        first.Ask("Z2,200000,4").Should().Be("OK");
        first.Ask("vCont;s").Should().Contain("watch:200000;");
        first.Ask("z2,200000,4").Should().Be("OK");
        first.Ask("Z0,0,1").Should().Be("OK");
        first.Send("c");
        first.Dispose();
        first.WaitForClose().Should().BeTrue();

        using GdbClient second = machine.Connect();
        second.Ask("?").Should().Be("T05thread:1;");
        string count = second.Ask("m200000,4");
        second.Ask("Z2,200000,4").Should().Be("OK");
        second.Ask("c").Should().Contain("watch:200000;");
        second.Ask("m200000,4").Should().NotBe(count);
        machine.HasEnded.Should().BeFalse();
    }

    [Fact]
    public void Vanish_WhileTheGuestStands_ItStandsWithoutBreakpoints()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        GdbClient first = machine.Connect();
        first.Ask($"Z0,{StubGuests.Loop:x},1").Should().Be("OK");
        first.Ask("c").Should().StartWith("T05");
        first.Dispose();
        first.WaitForClose();

        using GdbClient second = machine.Connect();
        second.Ask("p8").Should().Be(RegisterText(StubGuests.Loop));
        second.Ask("c").Should().Be("W00");
        machine.End();
        machine.Machine.InstructionsRetired.Should().Be(StubGuests.Instructions);
    }

    [Fact]
    public void Connect_AndSayNothingThatMeansAnything_ChangesNothing()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting, wait: false);
        using GdbClient client = machine.Connect();
        client.SendRaw("GET / HTTP/1.1\r\n\r\n+-\u0003\u0003$");
        machine.End().Reason.Should().Be(MachineStopReason.PowerOff);
    }

    [Fact]
    public void Connect_WhileAnotherIsThere_IsClosedAtOnce()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient first = machine.Connect();
        first.Ask("?");
        using GdbClient second = machine.Connect();
        second.WaitForClose().Should().BeTrue();
        first.Ask("c").Should().Be("W00");
    }

    [Fact]
    public void Packets_DamagedOrTooLong_AreAskedForAgain()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.SendRaw("$?#00");
        client.ReceiveByte().Should().Be('-');
        client.Send(new string('m', 20_000));
        client.ReceiveByte().Should().Be('-');
        client.Ask("?").Should().Be("T05thread:1;");
        client.SendRaw("-");
        client.Receive().Should().Be("T05thread:1;", "it was refused");
        client.Ask("QStartNoAckMode").Should().Be("OK");
        client.Send("?");
        client.ReceiveByte().Should().Be('$');
    }

    [Fact]
    public void Packets_WithoutEndWhileTheGuestRuns_CloseTheLineAndTheGuestGoesOn()
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless);
        using GdbClient rude = machine.Connect();
        rude.Send("c");
        for (int i = 0; i < 100; i++)
        {
            rude.Send("g");
        }

        rude.WaitForClose().Should().BeTrue();
        using GdbClient next = machine.Connect();
        next.Ask("?").Should().Be("T05thread:1;");
    }

    [Theory]
    [InlineData("")]
    [InlineData("qNoSuchThing:1")]
    [InlineData("vMustReplyEmpty")]
    [InlineData("y")]
    [InlineData("Z9,0,0")]
    [InlineData("qXfer:memory-map:read::0,10")]
    public void Packets_Unknown_GetTheEmptyAnswer(string packet)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask(packet).Should().BeEmpty();
    }

    [Theory]
    [InlineData("m")]
    [InlineData("m,")]
    [InlineData("mxyz,1")]
    [InlineData("m0,11111111111111111")]
    [InlineData("M0,4:00")]
    [InlineData("X0,2:a")]
    [InlineData("p")]
    [InlineData("pffff")]
    [InlineData("P0=00")]
    [InlineData("P")]
    [InlineData("G00")]
    [InlineData("Z0")]
    [InlineData("Z2,0,0")]
    [InlineData("Z2,10,ffffffffffffffff")]
    [InlineData("H")]
    [InlineData("Hg9")]
    [InlineData("T0x")]
    [InlineData("vCont")]
    [InlineData("vCont;q")]
    [InlineData("vCont;s:9")]
    [InlineData("vCont;r1:1")]
    [InlineData("cxyz")]
    [InlineData("qRcmd,6")]
    [InlineData("qXfer:features:read:target.xml:x")]
    public void Packets_WithArgumentsThatMeanNothing_AreErrors(string packet)
    {
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Counting);
        using GdbClient client = machine.Connect();
        client.Ask(packet).Should().StartWith("E");
        client.Ask("c").Should().Be("W00");
    }

    [Fact]
    public void Packets_OfAnyBytes_LeaveTheStubAlive()
    {
        const string Letters = "gGpPmMXHTZzqv?s0123456789abcdef,;:=#}*\u0003+-";
        var random = new Random(20);
        using DebuggedMachine machine = StubGuests.Debug(StubGuests.Endless);
        for (int round = 0; round < 60; round++)
        {
            using GdbClient client = machine.Connect();
            client.Ask("QStartNoAckMode").Should().Be("OK");
            for (int i = 0; i < 50; i++)
            {
                string text = string.Concat(Enumerable.Range(0, random.Next(1, 24)).Select(_ => Letters[random.Next(Letters.Length)]));
                client.SendRaw(i % 3 == 0 ? $"${text}#{random.Next(256):x2}" : GdbClient.Frame(text.Replace("#", "}\u0003", StringComparison.Ordinal)));
            }

            client.Dispose();
            client.WaitForClose().Should().BeTrue();
        }

        machine.HasEnded.Should().BeFalse();
        using GdbClient next = machine.Connect();
        next.Ask("qfThreadInfo").Should().Be("m1");
    }

    [Fact]
    public void TripleFault_UnderAClient_IsShownBeforeTheEnd()
    {
        byte[] fall = [0x0F, 0x01, 0x1D, 0x00, 0x00, 0x20, 0x00, 0xCD, 0x03]; // lidt [200000h]; int 3
        using DebuggedMachine machine = StubGuests.Debug(fall);
        using GdbClient client = machine.Connect();
        client.Ask("c").Should().StartWith("O");
        client.Receive().Should().Be("T0bthread:1;");
        client.Ask("p8").Should().Be(RegisterText(StubGuests.Start + 7));
        client.Ask("c").Should().Be("X0b");
        machine.End().Reason.Should().Be(MachineStopReason.TripleFault);
    }

    [Fact]
    public void Budget_IsThatOfAllRunsTogether()
    {
        using var machine = new DebuggedMachine(StubGuests.Options(StubGuests.Endless), maxInstructions: 1000);
        using GdbClient client = machine.Connect();
        for (int i = 0; i < 10; i++)
        {
            client.Ask("s").Should().StartWith("T05");
        }

        client.Ask("c").Should().Be("X18");
        machine.End().Reason.Should().Be(MachineStopReason.Budget);
        machine.Machine.InstructionsRetired.Should().Be(1000);
    }

    private static string RegisterText(ulong value) => Convert.ToHexStringLower(BitConverter.GetBytes((uint)value));
}
