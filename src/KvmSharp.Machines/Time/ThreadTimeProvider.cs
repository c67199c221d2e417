namespace KvmSharp.Machines;

/// <summary>The host's time, with timers that each have a thread of their own.</summary>
/// <remarks>
/// The timers of <see cref="TimeProvider.System"/> run on the thread pool. Where guests are run on the pool's threads, as test runners and servers
/// do, it has none left for the timers, and every guest's clock interrupt stays away for as long as the pool hesitates to grow.
/// </remarks>
public sealed class ThreadTimeProvider : TimeProvider
{
    private ThreadTimeProvider()
    {
    }

    /// <summary>Gets the provider.</summary>
    public static ThreadTimeProvider Instance { get; } = new();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ThreadTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}
