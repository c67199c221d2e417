using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>A PC under test: run it up to what its console shows, type to it, read its verdict.</summary>
/// <remarks>
/// It runs only while one of the tasks that its members return is under way, and stands still between them, so time does too. One such
/// task at a time. Hundreds of machines may live and run in one process; they share nothing that one of them can change.
/// </remarks>
public sealed class GuestMachine : IDisposable
{
    private const ulong ScreenInterval = 50_000; // instructions between two looks at the screen

    private readonly GuestDescription _description;
    private readonly PanicWatch _panic;
    private readonly VerdictReader _verdicts;
    private MachineStop? _stop;
    private int _busy;

    internal GuestMachine(GuestDescription description, Func<SerialPort, PcMachine> make, SerialPort port, PanicWatch panic, MachineStop? stop = null)
    {
        _description = description;
        _panic = panic;
        _stop = stop;
        _verdicts = new VerdictReader(description.PassValues);
        Port = port;
        Pc = make(port);
        port.Stop = Pc.RequestStop;
        Serial = new GuestSerial(this, port);
        Screen = new GuestScreen(this);
        Hooks = new GuestHooks(this);
    }

    /// <summary>Begins the description of a machine.</summary>
    /// <returns>The builder.</returns>
    public static GuestMachineBuilder Create() => new();

    /// <summary>Gets the machine beneath, for all that is not here. Use it only while the machine stands still.</summary>
    public PcMachine Pc { get; }

    /// <summary>Gets the first serial port.</summary>
    public GuestSerial Serial { get; }

    /// <summary>Gets the monitor.</summary>
    public GuestScreen Screen { get; }

    /// <summary>Gets the keyboard.</summary>
    public PcKeyboard Keyboard => Pc.Keyboard;

    /// <summary>Gets the hooks: what the test wants to be called for.</summary>
    public GuestHooks Hooks { get; }

    /// <summary>Gets the events of the machine; record some, or listen.</summary>
    public MachineTrace Trace => Pc.Trace;

    /// <summary>Gets guest-physical memory.</summary>
    public IGuestMemory Memory => Pc.Memory;

    /// <summary>Gets the processors, the booting one first.</summary>
    public IReadOnlyList<VirtualCpu> Vcpus => Pc.Vcpus;

    /// <summary>Gets what chose the machine's random bytes.</summary>
    public ulong Seed => _description.Options.Seed;

    /// <summary>Gets the virtual time since the machine was made.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(Pc.Now / TimeSpan.NanosecondsPerTick);

    /// <summary>Gets the instructions that all processors have retired.</summary>
    public ulong InstructionsRetired => Pc.InstructionsRetired;

    /// <summary>Gets why the last run ended; <see langword="null"/> before the first.</summary>
    public MachineStop? LastStop => _stop;

    internal SerialPort Port { get; }

    /// <summary>Runs the guest until it ends, and says how.</summary>
    /// <param name="budget">How far it may run; <see cref="Budget.Default"/> unless given.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>The verdict; that of the end when the guest has ended already.</returns>
    /// <exception cref="InvalidOperationException">The machine is running.</exception>
    public Task<Verdict> RunToVerdictAsync(Budget? budget = null, CancellationToken cancellation = default) => Alone(() =>
    {
        var meter = new BudgetMeter(Pc, budget ?? Budget.Default);
        RunOn(meter, ulong.MaxValue, cancellation);
        _ = _panic.Text is null && !Pc.Screen.IsUntouched && Screen.Text.Split('\n').Any(_panic.Read);
        return _verdicts.Read(_stop!, _panic.Text) with { Report = Describe(meter) };
    });

    /// <summary>Runs the guest for a while, to the instruction.</summary>
    /// <param name="budget">How far.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <returns>Why it ended; <see cref="MachineStopReason.Budget"/> when it ran as far as it should.</returns>
    /// <exception cref="InvalidOperationException">The machine is running.</exception>
    public Task<MachineStop> RunAsync(Budget budget, CancellationToken cancellation = default) => Alone(() =>
    {
        RunOn(new BudgetMeter(Pc, budget), ulong.MaxValue, cancellation);
        return _stop!;
    });

    /// <summary>
    /// Makes a second machine that is as this one is now: memory, devices, disks, what was sent and typed. They share memory until one of them writes, so
    /// a machine that was booted once can serve a thousand tests. Hooks and recordings stay with this one.
    /// </summary>
    /// <returns>The fork, standing still. It may run at the same time, and outlive this machine.</returns>
    /// <exception cref="InvalidOperationException">The machine is running.</exception>
    public GuestMachine Fork()
    {
        Claim();
        try
        {
            PanicWatch panic = _panic.Copy();
            return new GuestMachine(_description, port => Pc.Fork(new MachineHost { Serial = port }), Port.Copy(panic), panic, _stop);
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Writes the machine to a file, from which <see cref="GuestMachineBuilder.Restore"/> makes it again, in any process. It can run on.</summary>
    /// <param name="path">The file; one that is there is replaced when the new one is complete.</param>
    /// <returns>A task that ends when the file is on the disk.</returns>
    /// <exception cref="SnapshotException">The file cannot be written, or a disk not read.</exception>
    /// <exception cref="InvalidOperationException">The machine is running.</exception>
    public Task SaveAsync(string path) => Alone(() =>
    {
        Pc.Save(path);
        return true;
    });

    /// <summary>Ends the run that is under way: right behind the instruction when a hook calls it, else within milliseconds. Any thread.</summary>
    public void Stop() => Pc.RequestStop();

    /// <summary>Frees all that the machine holds.</summary>
    public void Dispose() => Pc.Dispose();

    internal Task<SerialMatch> ExpectAsync(SerialPort port, ExpectedText expected, Budget budget, CancellationToken cancellation) => Alone(() =>
    {
        if (port.TryTake(expected, out SerialMatch found))
        {
            return found;
        }

        var meter = new BudgetMeter(Pc, budget);
        port.Await(expected);
        try
        {
            RunOn(meter, ulong.MaxValue, cancellation);
        }
        finally
        {
            port.Await(null);
        }

        return port.TryTake(expected, out found) ? found : throw Missing($"{expected} on the serial port", meter);
    });

    internal Task<TextScreen> ExpectScreenAsync(ExpectedText expected, Budget budget, CancellationToken cancellation) => Alone(() =>
    {
        var meter = new BudgetMeter(Pc, budget);
        while (true)
        {
            TextScreen screen = Pc.Screen.ReadText();
            if (expected.TryFind(screen.ToString(), out _, out _))
            {
                return screen;
            }

            bool isLast = meter.IsSpent || IsOver || _panic.Text is not null || (_stop?.Reason is MachineStopReason.Halted && meter.Instructions > 0);
            if (isLast || (RunOn(meter, ScreenInterval, cancellation) is not (MachineStopReason.Budget or MachineStopReason.Halted)))
            {
                screen = Pc.Screen.ReadText();
                return expected.TryFind(screen.ToString(), out _, out _) ? screen : throw Missing($"{expected} on the screen", meter);
            }
        }
    });

    /// <summary>Does something while nobody runs the machine.</summary>
    internal Task WhileStill(Action action)
    {
        Claim();
        try
        {
            action();
            return Task.CompletedTask;
        }
        finally
        {
            Release();
        }
    }

    // A guest that has switched itself off, or cannot be carried on, has nothing to run.
    private bool IsOver => _stop?.Reason is MachineStopReason.PowerOff or MachineStopReason.DebugExit or MachineStopReason.Reset or MachineStopReason.TripleFault
        or MachineStopReason.Unsupported or MachineStopReason.UnmappedAccess or MachineStopReason.NothingToBoot;

    private MachineStopReason RunOn(BudgetMeter meter, ulong most, CancellationToken cancellation)
    {
        if (!IsOver && _panic.Text is null)
        {
            _stop = Pc.Run(meter.Next(most, cancellation));
            Hooks.ThrowIfFailed();
        }

        return _stop!.Reason;
    }

    private GuestExpectationException Missing(string what, BudgetMeter meter) =>
        new(what, _verdicts.Read(_stop!, _panic.Text) with { Report = Describe(meter) });

    private FailureReport Describe(BudgetMeter meter) => FailureReport.Of(this, meter, _description);

    // The guest runs on a thread of the pool, so that several machines can be awaited at once.
    private async Task<T> Alone<T>(Func<T> run)
    {
        Claim();
        try
        {
            return await Task.Run(run).ConfigureAwait(false);
        }
        finally
        {
            Release();
        }
    }

    private void Claim()
    {
        if (Interlocked.Exchange(ref _busy, 1) != 0)
        {
            throw new InvalidOperationException("The machine is running: await the task that runs it first.");
        }
    }

    private void Release() => Volatile.Write(ref _busy, 0);
}
