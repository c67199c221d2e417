namespace KvmSharp.Machines.Gdb;

/// <summary>A remote stub for GDB: runs a machine and lets one debugger at a time look at it.</summary>
/// <remarks>
/// The machine runs on the caller's thread, and all packets but interrupts are answered there while it stands still. A client that has said
/// nothing yet changes nothing; its first packet stops the guest. One that goes away leaves the guest as it was: running if it ran, standing
/// if it stood, as gdb's <c>disconnect</c> is described; another one may come. Source: GDB manual, "GDB Remote Serial Protocol".
/// </remarks>
public sealed class GdbServer : IDisposable
{
    private readonly IGdbListener _listener;
    private readonly object _gate = new();
    private readonly List<GdbConnection> _retired = [];
    private GdbConnection? _connection;
    private GdbSession? _session;
    private CancellationTokenSource? _pause; // of the present run
    private bool _disposed;

    /// <summary>Begins to let debuggers connect.</summary>
    /// <param name="listener">Where; owned from now on.</param>
    public GdbServer(IGdbListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        _listener = listener;
        new Thread(AcceptAll) { IsBackground = true, Name = "gdb listener" }.Start();
    }

    /// <summary>Gets or sets who is told in a sentence when a debugger comes or goes.</summary>
    public Action<string>? Log { get; set; }

    /// <summary>Runs a machine until it stops, as <see cref="PcMachine.Run"/> does, with the pauses that a debugger makes.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="limits">The limits of all of it. Time stands still, and no instruction is counted, while the guest stands.</param>
    /// <param name="wait">Whether the guest stands still until a debugger lets it go.</param>
    /// <returns>Why it stopped. What a debugger could still look at, such as a triple fault, is shown to it first.</returns>
    public MachineStop Run(PcMachine machine, MachineRunOptions limits, bool wait)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(limits);
        var target = new GdbTarget(machine);
        try
        {
            return new GdbRun(this, target, limits).Carry(wait);
        }
        finally
        {
            Forget(retire: true);
            target.Clear();
        }
    }

    /// <summary>Closes the line to the debugger and stops listening.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            Monitor.PulseAll(_gate);
        }

        _listener.Dispose();
        _connection?.Dispose();
        _retired.ForEach(static connection => connection.Dispose());
    }

    /// <summary>Gets what is agreed on with the present client; null when there is none, or it has said nothing yet.</summary>
    internal GdbSession? Session => _session;

    /// <summary>Gets a value indicating whether the client of <see cref="Session"/> has gone.</summary>
    internal bool IsSessionClosed => _session is not null && _connection!.IsClosed;

    /// <summary>Runs the guest until it stops or the client wants something.</summary>
    internal MachineStop RunGuest(PcMachine machine, MachineRunOptions limits)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(limits.Cancellation);
        lock (_gate)
        {
            _pause = pause;
            PauseIfWanted();
        }

        try
        {
            return machine.Run(limits with { Cancellation = pause.Token });
        }
        finally
        {
            lock (_gate)
            {
                _pause = null;
            }
        }
    }

    /// <summary>Looks at what a running guest was paused for.</summary>
    /// <param name="target">The machine.</param>
    /// <returns>Whether a client has come.</returns>
    internal bool TryBeginSession(GdbTarget target)
    {
        lock (_gate)
        {
            if (_session is not null || _connection is not { HasPacket: true } connection)
            {
                return false;
            }

            _session = new GdbSession(connection, target, current: 0);
        }

        Log?.Invoke("A debugger has come.");
        return true;
    }

    /// <summary>Takes an interrupt that the client has asked for.</summary>
    /// <returns>Whether it has.</returns>
    internal bool TryTakeInterrupt()
    {
        bool interrupted = _session is not null && _connection!.HasInterrupt;
        if (interrupted)
        {
            _connection!.TakeInterrupt();
        }

        return interrupted;
    }

    /// <summary>Waits, while the guest stands, for the next packet.</summary>
    /// <param name="target">The machine.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether there is one; else the client has gone, or the wait was cancelled.</returns>
    internal bool WaitForPacket(GdbTarget target, out string packet, CancellationToken cancellation)
    {
        packet = string.Empty;
        using CancellationTokenRegistration wake = cancellation.UnsafeRegister(static server => ((GdbServer)server!).Changed(), this);
        while (!cancellation.IsCancellationRequested)
        {
            lock (_gate)
            {
                while (!cancellation.IsCancellationRequested && !IsSessionClosed && _connection is not { HasPacket: true })
                {
                    Monitor.Wait(_gate);
                }
            }

            TryBeginSession(target);
            if (_session is not null && _connection!.TryTake(out packet))
            {
                return true;
            }

            if (IsSessionClosed)
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Lets go of the client.</summary>
    /// <param name="retire">Whether it may still read our last packet.</param>
    internal void Forget(bool retire)
    {
        lock (_gate)
        {
            if (_session is null)
            {
                return;
            }

            if (retire)
            {
                _connection!.Retire();
                _retired.RemoveAll(static connection => connection.IsClosed);
                _retired.Add(_connection);
            }
            else
            {
                _connection!.Dispose();
            }

            (_session, _connection) = (null, null);
            Monitor.PulseAll(_gate);
        }
    }

    private void AcceptAll()
    {
        while (_listener.Accept() is { } transport)
        {
            lock (_gate)
            {
                // The run's thread may not have seen yet that the one before has gone.
                while (!_disposed && _session is not null && _connection is { IsClosed: true })
                {
                    Monitor.Wait(_gate);
                }

                if (!_disposed && _connection is null or { IsClosed: true })
                {
                    _connection = new GdbConnection(transport, Changed);
                    continue;
                }
            }

            transport.Dispose(); // one at a time
        }
    }

    // On the threads of connections.
    private void Changed()
    {
        lock (_gate)
        {
            PauseIfWanted();
            Monitor.PulseAll(_gate);
        }
    }

    private void PauseIfWanted()
    {
        if (_pause is not null && _connection is { } connection && (_session is null ? connection.HasPacket : connection.IsClosed || connection.HasInterrupt))
        {
            _pause.Cancel();
        }
    }
}
