using KvmSharp.Conformance.Results;
using Xunit.Abstractions;

namespace KvmSharp.Conformance;

/// <summary>The processor does what recorded processors did.</summary>
/// <param name="vectors">The run.</param>
/// <param name="output">Where the table goes; shown by <c>dotnet test --logger "console;verbosity=detailed"</c>.</param>
public sealed class ConformanceTests(RecordedVectors vectors, ITestOutputHelper output) : IClassFixture<RecordedVectors>
{
    private const int SkippedAtMostOneIn = 1000;

    /// <summary>Prints the table. Apart from the comparison, because the runner prints the output of a test that fails twice.</summary>
    [Fact]
    public void Report_OfAllGroups_CountsWhatWasReplayed()
    {
        ConformanceReport report = vectors.Report;
        foreach (string line in report.Lines())
        {
            output.WriteLine(line);
        }

        report.Cases.Should().BePositive();
        (report.Skipped * SkippedAtMostOneIn).Should().BeLessThan(report.Cases);
    }

    [Fact]
    public void Replay_EveryRecordedInstruction_AgreesWithSilicon() => vectors.Report.DescribeFailures().Should().BeEmpty();
}
