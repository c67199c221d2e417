using System.Text.Json;
using System.Xml.Linq;
using KvmSharp.Cli.Labs;

namespace KvmSharp.Labs.Tests;

public class ReportTests
{
    private static readonly LabDescription Lab = new() { Number = 1, Title = "First exit", Summary = "s" };

    private static readonly LabGrade Grade = new()
    {
        Lab = Lab,
        Student = "=cmd",
        Errors = [],
        Cases =
        [
            new CaseResult { Name = "echo", Title = "t", IsHidden = false, Checks = [new CheckResult("a", 10, 10, null), new CheckResult("b", 2, 10, "exit 4: expected OUT 0x3F8 'H', got \"\u0001\"")] },
            new CaseResult { Name = "secret", Title = "t", IsHidden = true, Checks = [new CheckResult("c", 5, 5, null)] },
        ],
    };

    [Fact]
    public void Gradescope_Results_HaveScoresAndVisibility()
    {
        JsonElement root = JsonDocument.Parse(LabReport.Write(LabReport.Gradescope, [Grade])).RootElement;

        root.GetProperty("score").GetInt32().Should().Be(17);
        root.GetProperty("tests").EnumerateArray().Select(t => t.GetProperty("visibility").GetString()).Should().Equal("visible", "visible", "after_published");
        root.GetProperty("tests")[1].GetProperty("output").GetString().Should().StartWith("exit 4");
    }

    [Fact]
    public void JUnit_AnyMessage_IsXml()
    {
        XElement suite = XDocument.Parse(LabReport.Write(LabReport.JUnit, [Grade])).Root!.Element("testsuite")!;

        (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value).Should().Be(("3", "1"));
        suite.Descendants("failure").Single().Attribute("message")!.Value.Should().StartWith("exit 4: expected OUT");
    }

    [Fact]
    public void Csv_Fields_AreQuotedAndNoFormulas() =>
        LabReport.Write(LabReport.Csv, [Grade]).Split("\r\n")[1].Should().StartWith("'=cmd,1,17,25,68.0,\"echo: exit 4: expected OUT 0x3F8 'H', got \"\"");

    [Fact]
    public void Text_Several_AreALineEachAndASummary()
    {
        string text = LabReport.Write(LabReport.Text, [Grade, Grade with { Student = "b", Errors = ["lab.cs(3,5): error CS1002: ; expected"] }]);

        text.Should().Contain("b      17 of 25  lab.cs(3,5): error CS1002: ; expected").And.Contain("2 submissions, 0 with full marks, 1 not run");
    }
}
