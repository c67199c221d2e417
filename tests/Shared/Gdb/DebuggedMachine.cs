using KvmSharp.Machines;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Tests.Gdb;

/// <summary>A machine that runs under a stub on a thread of its own.</summary>
internal sealed class DebuggedMachine : IDisposable
{
    private readonly CancellationTokenSource _patience = new(TimeSpan.FromMinutes(4)); // ends only what hangs
    private readonly MemoryListener _listener = new();
    private readonly GdbServer _server;
    private readonly Task<MachineStop> _run;

    /// <param name="options">What it is built from.</param>
    /// <param name="wait">Whether it stands until a client lets it go.</param>
    /// <param name="maxInstructions">Its budget.</param>
    public DebuggedMachine(PcOptions options, bool wait = true, ulong maxInstructions = ulong.MaxValue)
    {
        Machine = new PcMachine(options);
        _server = new GdbServer(_listener);
        _run = Task.Factory.StartNew(
            () => _server.Run(Machine, new MachineRunOptions { MaxInstructions = maxInstructions, Cancellation = _patience.Token }, wait),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    public PcMachine Machine { get; }

    public bool HasEnded => _run.IsCompleted;

    public GdbClient Connect() => _listener.Connect();

    /// <summary>Waits for the end.</summary>
    public MachineStop End() => _run.GetAwaiter().GetResult();

    public void Cancel() => _patience.Cancel();

    public void Dispose()
    {
        _patience.Cancel();
        ((IAsyncResult)_run).AsyncWaitHandle.WaitOne();
        _server.Dispose();
        Machine.Dispose();
        _patience.Dispose();
    }
}
