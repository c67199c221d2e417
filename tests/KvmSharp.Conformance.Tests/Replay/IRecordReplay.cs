namespace KvmSharp.Conformance.Replay;

/// <summary>Replays records of one kind on a machine that it keeps. One thread at a time.</summary>
internal interface IRecordReplay : IDisposable
{
    /// <summary>Gets the record that was replayed last.</summary>
    Records.StepRecord Record { get; }

    /// <summary>Replays a record.</summary>
    /// <param name="group">The group that it comes from.</param>
    /// <param name="line">The record as JSON.</param>
    /// <param name="differences">Receives what came out differently.</param>
    /// <returns>Null, or why it was not replayed.</returns>
    SkipRule? Replay(string group, ReadOnlySpan<byte> line, List<Difference> differences);
}
