using KvmSharp.Conformance.Results;
using KvmSharp.Conformance.Sources;

namespace KvmSharp.Conformance.Replay;

/// <summary>Replays files of records on all cores, each with a machine of its own that it uses again and again.</summary>
/// <param name="folder">The folder.</param>
/// <param name="engine">The engine; the translator replays the silicon set only.</param>
/// <param name="every">Which part of the records: 1 for all, n for every nth.</param>
internal sealed class VectorRun(VectorFolder folder, EngineKind engine = EngineKind.Interpreter, int every = 1)
{
    /// <summary>Replays groups.</summary>
    /// <param name="filter">Which.</param>
    /// <returns>What came of them.</returns>
    public ConformanceReport Replay(GroupFilter filter)
    {
        VectorFile[] files = [.. folder.Files.Where(file => filter.Matches(file.Group) && (engine == EngineKind.Interpreter || file.Set == VectorSet.Silicon))];
        var meta = new Lazy<SiliconMeta>(() => SiliconMeta.Load(folder.SiliconMeta));
        GroupResult[] results = [.. files.Select(static file => new GroupResult(file.Group))];

        // The largest first: then no core is left with a large one at the end.
        int[] order = [.. Enumerable.Range(0, files.Length).OrderByDescending(i => new FileInfo(files[i].Path).Length)];
        int next = -1;
        var workers = new Task[Math.Min(Environment.ProcessorCount, Math.Max(1, files.Length))];
        for (int i = 0; i < workers.Length; i++)
        {
            workers[i] = Task.Factory.StartNew(Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        Task.WaitAll(workers);
        return new ConformanceReport(results);

        void Work()
        {
            using var machines = new Machines(meta, engine);
            for (int i = Interlocked.Increment(ref next); i < files.Length; i = Interlocked.Increment(ref next))
            {
                Replay(files[order[i]], machines, results[order[i]]);
            }
        }
    }

    private void Replay(VectorFile file, Machines machines, GroupResult result)
    {
        IRecordReplay replay = machines.For(file.Set);
        List<Difference> differences = [];
        int number = 0;
        ReadOnlySpan<byte> text = VectorFolder.Read(file).Span;
        foreach (Range range in text.Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            if (!line.IsEmpty && number++ % every == 0)
            {
                differences.Clear();
                if (replay.Replay(file.Group, line, differences) is { } rule)
                {
                    result.Skip(rule);
                }
                else
                {
                    result.Add(replay.Record, line, differences);
                }
            }
        }
    }

    /// <summary>The machines of one thread.</summary>
    private sealed class Machines(Lazy<SiliconMeta> meta, EngineKind engine) : IDisposable
    {
        private SiliconReplay? _silicon;
        private RealModeReplay? _realMode;

        public IRecordReplay For(VectorSet set) =>
            set == VectorSet.Silicon ? _silicon ??= new SiliconReplay(meta.Value, engine) : _realMode ??= new RealModeReplay();

        public void Dispose()
        {
            _silicon?.Dispose();
            _realMode?.Dispose();
        }
    }
}
