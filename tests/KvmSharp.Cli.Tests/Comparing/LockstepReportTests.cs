using KvmSharp.Lockstep;

namespace KvmSharp.Cli.Tests;

public sealed class LockstepReportTests
{
    private static readonly byte[] AddEaxEbx = [0x01, 0xD8, 0x90];

    [Fact]
    public void Print_Difference_ShowsTheInstructionAndBothValues()
    {
        string text = Print(Divergence(1));

        text.Should().Contain("differ behind instruction 42").And.Contain("0008:00101000").And.Contain("01D8 ").And.Contain("add eax,ebx");
        text.Should().MatchRegex(@"RAX\W+1h\W+2h").And.NotContain("One of these");
        text.TrimEnd().Should().EndWith("different: 4096 instructions compared, 25.0 % of them ran translated; the guest ended by PowerOff.");
    }

    [Fact]
    public void Print_SeveralSteps_SaysThatTheyRanInOneGo() => Print(Divergence(3)).Should().Contain("One of these 3 is the cause");

    [Fact]
    public void Print_DifferenceThatDidNotComeAgain_SaysSo() =>
        Print(Divergence(0) with { IsReproduced = false }).Should().Contain("not when run again");

    [Fact]
    public void Print_Equal_IsOneLine() => Print(null).Trim().Should().Be("equal: 4096 instructions compared, 25.0 % of them ran translated; the guest ended by PowerOff.");

    private static LockstepDivergence Divergence(int steps) => new()
    {
        Instruction = 42,
        IsReproduced = true,
        Differences = [new StateDifference("RAX", "1h", "2h")],
        Steps = [.. Enumerable.Range(0, steps).Select(i => new LockstepStep((ulong)(42 - i), new CodePlace(0, 8, 0x10_1000, 32, AddEaxEbx), IsDelivery: false))],
    };

    private static string Print(LockstepDivergence? divergence)
    {
        using var writer = new StringWriter();
        LockstepReport.Print(
            new LockstepResult { Instructions = 4096, InstructionsTranslated = 1024, Ending = "PowerOff", Divergence = divergence }, cancelled: false, writer);
        return writer.ToString();
    }
}
