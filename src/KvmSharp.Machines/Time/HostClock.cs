namespace KvmSharp.Machines;

/// <summary>A machine's time in real-time mode: it follows a <see cref="TimeProvider"/>, from 0 at its making.</summary>
/// <remarks>
/// One timer of the provider serves all deadlines; their callbacks run on its thread with the device lock held. With
/// <see cref="ThreadTimeProvider"/> a callback comes some ten microseconds late when the host has a processor to spare, with others, whose
/// timers tick in milliseconds, up to some milliseconds; <see cref="Now"/> is as fine as the provider's timestamps.
/// </remarks>
public sealed class HostClock : IVirtualClock, IDisposable
{
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerMillisecond = 1_000_000;
    private const long NanosecondsPerTick = TimeSpan.NanosecondsPerTick;

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly DeviceLock _gate;
    private readonly TimeProvider _provider;
    private readonly List<Deadline> _armed = []; // a handful: a search costs less than keeping order
    private readonly ITimer _timer;
    private readonly long _resolution; // of the timer, in nanoseconds
    private long _startStamp;
    private long _pausedAt = -1; // the time at which it stands still
    private bool _disposed;

    /// <summary>Makes a clock that runs.</summary>
    /// <param name="provider">The host's time.</param>
    /// <param name="gate">The machine's device lock.</param>
    public HostClock(TimeProvider provider, DeviceLock gate)
    {
        ArgumentNullException.ThrowIfNull(provider);
        _provider = provider;
        _gate = gate;
        _resolution = provider is ThreadTimeProvider ? NanosecondsPerTick : NanosecondsPerMillisecond;
        _startStamp = provider.GetTimestamp();
        _timer = provider.CreateTimer(static clock => ((HostClock)clock!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public long Now
    {
        get
        {
            long paused = Volatile.Read(ref _pausedAt);
            return paused >= 0 ? paused : ToNanoseconds(_provider.GetTimestamp() - Volatile.Read(ref _startStamp));
        }
    }

    /// <inheritdoc/>
    public IDeadline CreateDeadline(Action callback)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return new Deadline(this, callback);
    }

    /// <summary>Stops time. Nothing happens when it stands still already.</summary>
    public void Pause()
    {
        using (_gate.Enter())
        {
            if (_pausedAt < 0)
            {
                Volatile.Write(ref _pausedAt, Now);
                SetTimer();
            }
        }
    }

    /// <summary>Lets time run on from where it stood.</summary>
    public void Resume()
    {
        using (_gate.Enter())
        {
            if (_pausedAt >= 0)
            {
                long stood = (long)((Int128)_pausedAt * _provider.TimestampFrequency / NanosecondsPerSecond);
                Volatile.Write(ref _startStamp, _provider.GetTimestamp() - stood);
                Volatile.Write(ref _pausedAt, -1);
                SetTimer();
            }
        }
    }

    /// <summary>Sets the time of a clock that stands still, as a snapshot has it.</summary>
    /// <param name="now">The virtual time in nanoseconds.</param>
    /// <exception cref="InvalidOperationException">The clock runs.</exception>
    internal void Load(long now)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(now);
        using (_gate.Enter())
        {
            if (_pausedAt < 0)
            {
                throw new InvalidOperationException("A clock that runs cannot be set.");
            }

            Volatile.Write(ref _pausedAt, now);
        }
    }

    /// <summary>Stops the timer: no callback runs after this returns.</summary>
    public void Dispose()
    {
        using (_gate.Enter())
        {
            _disposed = true;
            _armed.Clear();
        }

        _timer.Dispose();
    }

    private long ToNanoseconds(long stamps) => _provider.TimestampFrequency == NanosecondsPerSecond
        ? stamps
        : (long)((Int128)stamps * NanosecondsPerSecond / _provider.TimestampFrequency);

    private void Fire()
    {
        using (_gate.Enter())
        {
            // One look at the time: a device that falls behind and arms again in the past must not keep the lock.
            long now = Now;
            while (!_disposed && _pausedAt < 0 && Earliest() is { } next && next.Due <= now)
            {
                _armed.Remove(next);
                next.Callback();
            }

            SetTimer();
        }
    }

    private Deadline? Earliest() => _armed.Count == 0 ? null : _armed.MinBy(d => d.Due);

    // Rounded up to what the timer can tell apart: one that comes too early would only be set again.
    private void SetTimer()
    {
        if (_disposed)
        {
            return;
        }

        TimeSpan wait = Timeout.InfiniteTimeSpan;
        if (_pausedAt < 0 && Earliest() is { } next)
        {
            long steps = Math.Max(0, (Math.Min(next.Due - Now, LongestWait.Ticks * NanosecondsPerTick) + _resolution - 1) / _resolution);
            wait = TimeSpan.FromTicks(steps * (_resolution / NanosecondsPerTick));
        }

        _timer.Change(wait, Timeout.InfiniteTimeSpan);
    }

    private sealed class Deadline(HostClock clock, Action callback) : IDeadline
    {
        public Action Callback => callback;

        public long Due { get; private set; }

        public bool IsArmed
        {
            get
            {
                using (clock._gate.Enter())
                {
                    return clock._armed.Contains(this);
                }
            }
        }

        public void Arm(long due)
        {
            using (clock._gate.Enter())
            {
                if (clock._disposed || (due == Due && clock._armed.Contains(this)))
                {
                    return;
                }

                bool wasEarliest = clock.Earliest() == this;
                Due = due;
                if (!clock._armed.Contains(this))
                {
                    clock._armed.Add(this);
                }

                if (wasEarliest || clock.Earliest() == this)
                {
                    clock.SetTimer();
                }
            }
        }

        public void Disarm()
        {
            using (clock._gate.Enter())
            {
                clock._armed.Remove(this); // the timer may come once for nothing
            }
        }
    }
}
