using System.Runtime.InteropServices;

namespace KvmSharp.Cli;

/// <summary>Everything outside the guest that ends a run: Ctrl-C and SIGTERM, the time limit, a closed output. The first cause counts.</summary>
internal sealed class RunCancellation : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private Timer? _timer;
    private int _cause;

    public RunCancellation()
    {
        PosixSignal[] signals = OperatingSystem.IsWindows()
            ? [PosixSignal.SIGINT, PosixSignal.SIGTERM]
            : [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT];
        foreach (PosixSignal signal in signals)
        {
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }
    }

    /// <summary>Gets or sets what is done before a second signal ends the process at once.</summary>
    public Action? SecondSignal { get; set; }

    public CancellationToken Token => _source.Token;

    public StopCause Cause => (StopCause)Volatile.Read(ref _cause);

    public void Cancel(StopCause cause)
    {
        if (Interlocked.CompareExchange(ref _cause, (int)cause, (int)StopCause.None) == (int)StopCause.None)
        {
            _source.Cancel();
        }
    }

    public void StartTimeout(TimeSpan limit) => _timer = new Timer(_ => Cancel(StopCause.TimedOut), null, limit, Timeout.InfiniteTimeSpan);

    public void Dispose()
    {
        _timer?.Dispose();
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }

        _source.Dispose();
    }

    // A second signal is left to the system, so that even a run that hangs can be ended.
    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = Cause == StopCause.None;
        if (!context.Cancel)
        {
            SecondSignal?.Invoke();
        }

        Cancel(StopCause.Interrupted);
    }
}
