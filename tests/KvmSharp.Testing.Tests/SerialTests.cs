using System.Text.RegularExpressions;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace KvmSharp.Testing.Tests;

/// <summary>Awaiting the console and typing to it.</summary>
public sealed class SerialTests
{
    private static readonly Budget Enough = Budget.OfInstructions(1_000_000);

    [Fact]
    public async Task Expect_Text_StopsRightBehindItsLastCharacter()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Print("boot\nlogin: ");
            a.Print("more");
            a.Stop();
        });

        SerialMatch match = await machine.Serial.ExpectAsync("login: ", Enough);

        match.Should().Be(new SerialMatch("boot\n", "login: "));
        machine.Serial.Transcript.Should().Be("boot\nlogin: ");
    }

    [Fact]
    public async Task Expect_TextThatHasComeAlready_RunsNothing()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Print("one two");
            a.Stop();
        });
        await machine.Serial.ExpectAsync("two", Enough);
        ulong before = machine.InstructionsRetired;

        await machine.Invoking(m => m.Serial.ExpectAsync("one", Enough)).Should().ThrowAsync<GuestExpectationException>("what came before the match is read");

        machine.InstructionsRetired.Should().BeGreaterThan(before);
    }

    [Fact]
    public async Task Expect_Pattern_GivesTheMatch()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Print("version 12.7 ready");
            a.Stop();
        });

        (await machine.Serial.ExpectAsync(new Regex(@"\d+\.\d+ "), Enough)).Text.Should().Be("12.7 ");
    }

    [Fact]
    public async Task Expect_NothingComes_SaysWhatCameWhereAndWhy()
    {
        using GuestMachine machine = TestGuests.Make(
            a =>
            {
                a.Print("booting\r\nno disk\r\n");
                a.Stop();
            },
            change: b => b.WithSeed(77));

        GuestExpectationException failure = (await machine.Invoking(m => m.Serial.ExpectAsync("login: ", Enough)).Should().ThrowAsync<GuestExpectationException>()).Which;

        failure.Message.Should().StartWith("Expected \"login: \" on the serial port, but the guest halted and nothing can wake it.");
        failure.Message.Should().Contain("| booting\n").And.Contain("| no disk\n").And.Contain("WithSeed(77)");
        failure.Verdict.Should().BeOfType<Verdict.Halted>();
    }

    [Fact]
    public async Task Expect_BudgetSpent_ThrowsAndTheMachineCanGoOn()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.mov(ecx, 10_000);
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.dec(ecx);
            a.jnz(loop);
            a.Print("done");
            a.Stop();
        });

        await machine.Invoking(m => m.Serial.ExpectAsync("done", Budget.OfInstructions(1000))).Should().ThrowAsync<GuestExpectationException>();

        (await machine.Serial.ExpectAsync("done", Enough)).Text.Should().Be("done");
    }

    [Fact]
    public async Task Expect_GuestPanics_FailsAtOnce()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Print("Kernel panic - not syncing: x\n");
            a.Hang();
        });

        GuestExpectationException failure = (await machine.Invoking(m => m.Serial.ExpectAsync("login: ")).Should().ThrowAsync<GuestExpectationException>()).Which;

        failure.Verdict.Should().BeOfType<Verdict.GuestPanic>();
        machine.InstructionsRetired.Should().BeLessThan(1000);
    }

    [Fact]
    public async Task SendLine_GuestThatListens_AnswersIt()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            a.Print("> ");
            a.Echo();
            a.Print(" bye");
            a.Exit(0);
        });
        await machine.Serial.ExpectAsync("> ", Enough);

        await machine.Serial.SendLineAsync("HAL");
        (await machine.Serial.ExpectAsync("IBM", Enough)).Text.Should().Be("IBM");

        (await machine.RunToVerdictAsync(Enough)).IsPassed.Should().BeTrue();
        machine.Serial.Transcript.Should().Be("> IBM bye");
    }

    [Fact]
    public async Task Transcript_GuestPrintsWithoutEnd_StaysBounded()
    {
        using GuestMachine machine = TestGuests.Make(a =>
        {
            Label loop = a.CreateLabel();
            a.mov(dx, TestGuests.Com1);
            a.mov(esi, 0x10_0000);
            a.Label(ref loop);
            a.mov(ecx, 1000);
            a.mov(al, (byte)'x');
            Label inner = a.CreateLabel();
            a.Label(ref inner);
            a.@out(dx, al);
            a.dec(ecx);
            a.jnz(inner);
            a.jmp(loop);
        });

        await machine.RunToVerdictAsync(Budget.OfInstructions(40_000_000));

        machine.Serial.Transcript.Length.Should().BeLessThan(9 << 20);
    }

    [Fact]
    public async Task Expect_WhileTheMachineRuns_IsRefused()
    {
        using GuestMachine machine = TestGuests.Make(a => a.Hang());
        Task<Verdict> running = machine.RunToVerdictAsync(Budget.OfInstructions(ulong.MaxValue));

        await machine.Invoking(m => m.Serial.ExpectAsync("x")).Should().ThrowAsync<InvalidOperationException>();

        machine.Stop();
        (await running).Should().BeOfType<Verdict.Stopped>();
    }

    [Fact]
    public async Task Run_Cancelled_IsStopped()
    {
        using GuestMachine machine = TestGuests.Make(a => a.Hang());
        using var cancellation = new CancellationTokenSource();
        Task<Verdict> running = machine.RunToVerdictAsync(Budget.OfInstructions(ulong.MaxValue), cancellation.Token);

        cancellation.Cancel();

        (await running).Should().BeOfType<Verdict.Stopped>();
    }
}
