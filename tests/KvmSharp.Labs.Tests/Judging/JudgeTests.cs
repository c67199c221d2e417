using KvmSharp.Cli.Labs;

namespace KvmSharp.Labs.Tests;

public class JudgeTests
{
    private static readonly LabEvent[] Hello =
    [
        new() { Name = "VM", IsExit = false },
        Out('H'), Out('e'), new() { Name = "INTR", Word = "BUDGET" }, new() { Name = "HLT", Instructions = 30 },
    ];

    [Fact]
    public void Exits_FirstWrongOne_IsNamedWithItsNumber() =>
        Message(new() { Name = "c", Points = 10, Exits = ["OUT 0x3F8 \"Hel\""], Ignore = ["INTR"] }).Should().Be("exit 4: expected OUT 0x3F8 'l', got HLT");

    [Fact]
    public void Exits_Partial_GivesThePartBeforeTheFirstWrongOne() =>
        Points(new() { Name = "c", Points = 10, Exits = ["OUT 0x3F8 \"Hello\""], Of = ["OUT"], Partial = true }).Should().Be(4);

    [Fact]
    public void Exits_OneMissing_TellsHowTheRunEnded() =>
        Message(new() { Name = "c", Points = 10, Exits = ["OUT", "OUT", "HLT", "HLT"], Ignore = ["INTR"] })
            .Should().Be("after exit 4 (HLT): expected HLT, but the program ended with status 0");

    [Fact]
    public void Exits_OneTooMany_IsNamed() =>
        Message(new() { Name = "c", Points = 10, Exits = ["OUT"], Of = ["OUT"] }).Should().Be("exit 2: expected the end of the program, got OUT 0x3F8 'e'");

    [Theory]
    [InlineData("OUT", "2", null, null, 10)]
    [InlineData("OUT", "3", null, null, 0)]
    [InlineData("*", null, "1", "4", 10)]
    [InlineData("HLT", null, "2", null, 0)]
    public void Count_Number_IsCompared(string pattern, string? exactly, string? min, string? max, int points) =>
        Points(new() { Name = "c", Points = 10, Count = pattern, Is = exactly, Min = min, Max = max }).Should().Be(points);

    [Fact]
    public void Instructions_OfAllMachines_AreCounted() => Points(new() { Name = "c", Points = 10, Instructions = "*", Is = "30" }).Should().Be(10);

    [Theory]
    [InlineData("OUT 0x3F8 'e'", "10", 10)]
    [InlineData("HLT", "30", 10)]
    [InlineData("SHUTDOWN", "30", 0)]
    public void Instructions_Until_EndAtTheFirstSuchEvent(string until, string exactly, int points) =>
        Points(new() { Name = "c", Points = 10, Instructions = "0", Until = until, Is = exactly }).Should().Be(points);

    [Fact]
    public void Count_UntilWhatNeverHappens_TellsHowTheRunEnded() =>
        Message(new() { Name = "c", Points = 10, Count = "OUT", Until = "@1 HLT", Is = "2" }).Should().Be("there is no @1 HLT: the program ended with status 0");

    [Fact]
    public void Exits_PatternWithMachine_MessageNamesTheMachineOfTheEvent() =>
        Message(new() { Name = "c", Points = 10, Exits = ["@1 OUT"] }).Should().Be("exit 1: expected @1 OUT, got @0 OUT 0x3F8 'H'");

    [Theory]
    [InlineData("exact", "Hello", 10)]
    [InlineData("exact", "Hell", 0)]
    [InlineData("contains", "ell", 10)]
    [InlineData("regex", "^H.*o$", 10)]
    public void Output_Text_IsCompared(string match, string text, int points) => Points(new() { Name = "c", Points = 10, Output = text, Match = match }).Should().Be(points);

    [Fact]
    public void Output_NoGuestHasRun_CountsForNothing() =>
        Look(new() { Name = "c", Points = 10, Output = "Hello" }, Run() with { Events = [Hello[0]] }).Message.Should().StartWith("no guest has run");

    [Theory]
    [InlineData(RunEnd.Timeout)]
    [InlineData(RunEnd.Tampered)]
    public void Of_RunThatWasCutOffOrForged_IsWorthNothing(object end) =>
        Look(new() { Name = "c", Points = 10, Count = "OUT", Is = "2" }, Run() with { End = (RunEnd)end }).Points.Should().Be(0);

    [Fact]
    public void Hint_WrongCheck_FollowsTheMessage() =>
        Message(new() { Name = "c", Points = 1, Status = 3, Hint = "Mind the end." }).Should().Be("expected the program to end with status 3, but the program ended with status 0. Mind the end.");

    private static LabEvent Out(char c) => new() { Name = "OUT", Numbers = [0x3F8, c], Width = 1, Instructions = 10 };

    private static string? Message(LabCheck check) => Look(check, Run()).Message;

    private static int Points(LabCheck check) => Look(check, Run()).Points;

    private static CheckResult Look(LabCheck check, SubmissionRun run) => Judge.Of(new LabCase { Name = "n", Title = "t", Checks = [check] }, run, isHidden: false).Checks[0];

    private static SubmissionRun Run() => new() { Events = Hello, End = RunEnd.Returned, Message = "0", Status = 0, Output = "Hello\n" };
}
