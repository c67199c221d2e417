using KvmSharp.Cli;
using KvmSharp.Cli.Labs;

namespace KvmSharp.Labs.Tests;

public class VariantTests
{
    private static readonly LabDescription Lab = new()
    {
        Number = 3,
        Title = "Title",
        Summary = "Summary",
        Variables = new()
        {
            ["port"] = new LabVariable { Choose = ["0x3F8", "0x2F8", "0xE9"] },
            ["base"] = new LabVariable { From = "0x1000", To = "0x4000", Step = "0x1000" },
            ["ten"] = new LabVariable { Choose = ["10"] },
            ["word"] = new LabVariable { Choose = ["hello"] },
        },
    };

    [Fact]
    public void Of_SameId_GivesTheSameValues() => Variant.Of(Lab, "alice").Expand("${port} ${base}").Should().Be(Variant.Of(Lab, "alice").Expand("${port} ${base}"));

    [Fact]
    public void Of_ManyIds_UsesEveryValue()
    {
        string[] values = [.. Enumerable.Range(0, 100).Select(i => Variant.Of(Lab, $"student{i}").Expand("${base}")).Distinct().Order()];
        values.Should().Equal("0x1000", "0x2000", "0x3000", "0x4000");
    }

    [Theory]
    [InlineData("${ten+5}", "15")]
    [InlineData("${ten-0x3}", "7")]
    [InlineData("${ten*2}", "20")]
    [InlineData("${ten/ten}", "1")]
    [InlineData("${#word}", "5")]
    [InlineData("${lab}: ${title} $x {y}", "3: Title $x {y}")]
    public void Expand_Expressions_AreComputed(string text, string expanded) => Variant.Of(Lab, "").Expand(text).Should().Be(expanded);

    [Fact]
    public void Expand_HexadecimalValue_StaysHexadecimal() => Variant.Of(Lab, "").With(new Dictionary<string, string> { ["base"] = "0xFF0" }).Expand("${base+0x10}").Should().Be("0x1000");

    [Fact]
    public void Expand_UnknownName_IsAnError() => FluentActions.Invoking(() => Variant.Of(Lab, "").Expand("${prot}")).Should().Throw<HostException>().WithMessage("*${prot}*");
}
