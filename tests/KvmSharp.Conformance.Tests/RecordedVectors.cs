using KvmSharp.Conformance.Replay;
using KvmSharp.Conformance.Results;
using KvmSharp.Conformance.Sources;

namespace KvmSharp.Conformance;

/// <summary>One run over all vectors, which the tests share.</summary>
public sealed class RecordedVectors
{
    public RecordedVectors()
    {
        Report = new VectorRun(VectorFolder.Open()).Replay(GroupFilter.FromEnvironment());
        ReportFile.WriteIfAsked(Report);
    }

    internal ConformanceReport Report { get; }
}
