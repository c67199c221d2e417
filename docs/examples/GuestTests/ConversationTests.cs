using System.Text.RegularExpressions;
using KvmSharp.Testing;
using Xunit;

namespace GuestTests;

/// <summary>A guest that is talked to over its serial port (guests/echo).</summary>
public sealed class ConversationTests
{
    private static readonly Budget Enough = Budget.OfVirtualTime(TimeSpan.FromMilliseconds(100));

    [Fact]
    public async Task Echo_LineTyped_ComesBackInCapitals()
    {
        using GuestMachine machine = GuestMachine.Create().WithImage(GuestFiles.PathOf("echo.img")).Build();

        await machine.Serial.ExpectAsync("ends.\r\n", Enough);
        await machine.Serial.SendLineAsync("hello");
        SerialMatch answer = await machine.Serial.ExpectAsync(new Regex(@"\[(\w+)\]"), Enough);
        await machine.Serial.SendLineAsync("quit");
        Verdict verdict = await machine.RunToVerdictAsync(Enough);

        Assert.Equal("[HELLO]", answer.Text);
        verdict.EnsurePassed(); // it switched the power off
        Assert.EndsWith("bye\r\n", machine.Serial.Transcript, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Echo_AnswerThatNeverComes_IsExplained()
    {
        using GuestMachine machine = GuestMachine.Create().WithImage(GuestFiles.PathOf("echo.img")).Build();
        await machine.Serial.SendLineAsync("hello");

        GuestExpectationException failure = await Assert.ThrowsAsync<GuestExpectationException>(() => machine.Serial.ExpectAsync("[hello]", Enough));

        Assert.IsType<Verdict.Budget>(failure.Verdict); // it waits for the next line, and virtual time goes by
        Assert.Contains("[HELLO]", failure.Message, StringComparison.Ordinal);
    }
}
