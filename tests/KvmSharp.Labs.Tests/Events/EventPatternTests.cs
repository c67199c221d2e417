using KvmSharp.Cli;
using KvmSharp.Cli.Labs;

namespace KvmSharp.Labs.Tests;

public class EventPatternTests
{
    private static readonly LabEvent Out = new() { Name = "OUT", Numbers = [0x3F8, 'H'], Width = 1, Machine = 1, Vcpu = 2 };

    [Theory]
    [InlineData("OUT", true)]
    [InlineData("OUT 0x3F8", true)]
    [InlineData("OUT 1016 'H'", true)]
    [InlineData("OUT * 72", true)]
    [InlineData("*", true)]
    [InlineData("@1 OUT", true)]
    [InlineData("@1.2 OUT 0x3F8", true)]
    [InlineData("@0 OUT", false)]
    [InlineData("@1.0 OUT", false)]
    [InlineData("OUT 0x2F8", false)]
    [InlineData("OUT 0x3F8 'I'", false)]
    [InlineData("OUT 0x3F8 'H' 0", false)]
    [InlineData("IN", false)]
    [InlineData("MMIO WRITE", false)]
    public void Matches_EachPart_MustBeThatOfTheEvent(string pattern, bool matches) => EventPattern.Parse(pattern).Matches(Out).Should().Be(matches);

    [Fact]
    public void Matches_Word_IsPartOfTheName()
    {
        var budget = new LabEvent { Name = "INTR", Word = "BUDGET" };

        EventPattern.Parse("INTR").Matches(budget).Should().BeTrue();
        EventPattern.Parse("INTR BUDGET").Matches(budget).Should().BeTrue();
        EventPattern.Parse("INTR KICK").Matches(budget).Should().BeFalse();
    }

    [Fact]
    public void Matches_Star_IsNoCall() => EventPattern.Parse("*").Matches(new LabEvent { Name = "SLOT", IsExit = false }).Should().BeFalse();

    [Fact]
    public void ParseAll_TextBehindOut_IsOneForEachCharacter() =>
        EventPattern.ParseAll(["OUT 0x3F8 \"Hi !\"", "HLT"]).Select(p => p.ToString())
            .Should().Equal("OUT 0x3F8 'H'", "OUT 0x3F8 'i'", "OUT 0x3F8 0x20", "OUT 0x3F8 '!'", "HLT");

    [Theory]
    [InlineData("")]
    [InlineData("OUT port")]
    public void Parse_Malformed_IsNamed(string text) => FluentActions.Invoking(() => EventPattern.Parse(text)).Should().Throw<HostException>();

    [Fact]
    public void ToString_Event_HasTheFormOfAPattern()
    {
        Out.ToString().Should().Be("OUT 0x3F8 'H'");
        EventPattern.Parse(Out.ToString()).Matches(Out).Should().BeTrue();
    }
}
