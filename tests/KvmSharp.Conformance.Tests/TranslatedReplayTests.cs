using System.Globalization;
using KvmSharp.Conformance.Replay;
using KvmSharp.Conformance.Results;
using KvmSharp.Conformance.Sources;
using Xunit.Abstractions;

namespace KvmSharp.Conformance;

/// <summary>Translated code does what recorded processors did.</summary>
/// <param name="output">Where the count goes.</param>
public sealed class TranslatedReplayTests(ITestOutputHelper output)
{
    /// <summary>Environment variable: 1 replays all records, n every nth of each group. To translate each takes a millisecond.</summary>
    public const string EveryVariable = "KVMSHARP_VECTORS_HOT_EVERY";

    private const int EverydayPart = 25;

    [Fact]
    public void Replay_RecordedInstructionsWhenHot_AgreeWithSilicon()
    {
        int every = Environment.GetEnvironmentVariable(EveryVariable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : EverydayPart;
        ConformanceReport report = new VectorRun(VectorFolder.Open(), EngineKind.Translator, every).Replay(GroupFilter.FromEnvironment());

        output.WriteLine(report.Lines().Last());
        report.DescribeFailures().Should().BeEmpty();
        report.Cases.Should().BeGreaterThan(report.Skipped);
    }
}
