namespace KvmSharp.Machines;

/// <summary>A PC: built from options, booted from an image, run until it stops.</summary>
/// <remarks>
/// One thread at a time runs it; in real time each further processor has a thread of its own while it runs. Devices are used under one lock, which timers and the host's serial end take too.
/// </remarks>
public sealed class PcMachine : IDisposable
{
    private static readonly DateTimeOffset DeterministicClockStart = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly PcOptions _options;
    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _vm;
    private readonly HostClock? _hostClock;
    private readonly PcProcessors _processors;
    private readonly ExitDispatcher _dispatcher;
    private readonly SerialConnection _serial;
    private readonly PcDevices _devices;
    private readonly PcStart _start;
    private readonly MachineDisks? _disks;
    private IDeadline? _timeLimit;
    private MachineStop? _requested; // what a device or the host asked for; read behind the system event that it raised

    /// <summary>Builds a machine and boots it up to the image's first instruction.</summary>
    /// <param name="options">What it is built from.</param>
    /// <exception cref="ImageException">The image cannot be booted, or a disk not opened.</exception>
    /// <exception cref="ArgumentException">Both an image and a firmware ROM are given; or several processors without APICs; or an entropy device without a source.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The amount of memory is 0, no multiple of a page, or too large; or the number of processors is.</exception>
    /// <exception cref="KvmException">The host has not the memory.</exception>
    public PcMachine(PcOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options is { Boot: not null, Bios: not null })
        {
            throw new ArgumentException("A machine boots an image or a firmware ROM: give one of the two.", nameof(options));
        }

        if (options is { Entropy: null, Deterministic: false } && options.Devices.HasFlag(OptionalDevices.VirtioRng))
        {
            throw new ArgumentException("The virtio entropy device needs the host's random bytes: give a source, or make the machine deterministic.", nameof(options));
        }

        _options = options;
        IReadOnlyList<RamRange> ram = PcLayout.Ram(options.MemoryBytes);
        BoardDescription board = BoardDescription.Of(options, ram);
        _vm = _kvm.CreateVm();
        (_vm.Engine, _vm.TranslatedCodeLimit) = (options.Engine, options.TranslatedCodeLimit);
        try
        {
            for (int slot = 0; slot < ram.Count; slot++)
            {
                _vm.SetUserMemoryRegion(new MemorySlot(slot, ram[slot].Start, ram[slot].Length));
            }

            _vm.Clock = MakeClock(out _hostClock);
            _processors = new PcProcessors(_vm, options);
            Trace = new MachineTrace(_vm);
            var consoleTrace = new ConsoleTrace(Trace, () => _processors.Current.Id);
            _serial = new SerialConnection(options.Serial, value => consoleTrace.Tell(TraceConsole.Serial, value));
            _disks = MachineDisks.Open(options);
            var ports = new PortBus();
            var mmio = new MmioBus();
            var shadow = new ShadowMemory(_vm);
            mmio.Map(PcLayout.ShadowMemory, PcLayout.ShadowMemoryBytes, shadow);
            _dispatcher = new ExitDispatcher(_gate, ports, mmio)
            {
                Trace = Trace,
                AnswersHypercalls = options.Hypercalls,
                StopOnUnmapped = options.StopOnUnmapped,
                AfterExit = options.Serial is null && options.Console is null ? null : WaitForRoom,
            };
            _dispatcher.ListenToBuses();
            var wiring = new PcWiring
            {
                Ports = ports,
                Mmio = mmio,
                Shadow = shadow.Set,
                Memory = _vm.Memory,
                FirmwareFiles = bus => FirmwareItems.Files(options, board, bus),
                FirmwareDebugOutput = options.FirmwareDebugOutput,
                ProcessorCount = options.Cpus,
                BootOrder = _disks.BootOrder,
                Clock = _vm.Clock,
                ClockStart = options.ClockStart ?? (options.Deterministic ? DeterministicClockStart : options.TimeProvider.GetUtcNow()),
                LowMemoryBytes = Math.Min(options.MemoryBytes, PcLayout.LowMemoryEnd),
                HighMemoryBytes = options.MemoryBytes - Math.Min(options.MemoryBytes, PcLayout.LowMemoryEnd),
                Disks = _disks,
                Serial = _serial,
                Devices = options.Devices,
                Console = options.Console,
                ConsoleTrace = value => consoleTrace.Tell(TraceConsole.Virtio, value),
                HostEntropy = options.Deterministic ? null : options.Entropy,
                Seed = options.Seed,
                Interrupt = _vm.InterruptLine,
                IgnoreFloatingPointError = _vm.IgnoreFloatingPointErrorLine,
                MessageInterrupts = options.HasApics ? _vm.MessageInterrupts : null,
                A20Gate = _vm.A20Gate,
                RequestReset = () => Request(MachineStopReason.Reset, SystemEventType.Reset),
                RequestPowerOff = () => Request(MachineStopReason.PowerOff, SystemEventType.Shutdown),
                RequestDebugExit = options.DebugExit ? status => Request(MachineStopReason.DebugExit, SystemEventType.Shutdown, status) : null,
            };
            _devices = new PcDevices(wiring);
            Screen = new PcScreen(_gate, _devices.Video.Vga, _devices.Video.Display);
            Keyboard = new PcKeyboard(_gate, _vm.Clock, _devices.Keyboard);
            _vm.InterruptController = new GatedInterruptController(_gate, _devices.InterruptController);
            _vm.FloatingPointErrorLine = new GatedSignal(_gate, _devices.FloatingPointError);
            _vm.EndOfInterrupt = EndOfInterrupt;
            _vm.HypercallExits = options.Hypercalls;
            _vm.ExitHandler = _dispatcher;
            _start = new PcStart(options, board, _vm, _devices, wiring, shadow, reason => Request(MachineStopReason.NothingToBoot, SystemEventType.Shutdown, explanation: reason));
            Image = Boot();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the first processor. Use it only while the machine does not run.</summary>
    public VirtualCpu Vcpu => Vcpus[0];

    /// <summary>Gets all processors. Use them only while the machine does not run.</summary>
    public IReadOnlyList<VirtualCpu> Vcpus => _processors.All;

    /// <summary>Gets guest memory.</summary>
    public IGuestMemory Memory => _vm.Memory;

    /// <summary>Gets what the monitor shows. May be used from any thread, also while the machine runs.</summary>
    public PcScreen Screen { get; }

    /// <summary>Gets the hands at the keyboard. May be used from any thread, also while the machine runs.</summary>
    public PcKeyboard Keyboard { get; }

    /// <summary>Gets what happens in the machine, for those who listen.</summary>
    public MachineTrace Trace { get; }

    /// <summary>Gets what was loaded.</summary>
    public LoadedImage Image { get; private set; }

    /// <summary>Gets the counters of the port exits so far. Read them only while the machine does not run.</summary>
    public PortCounters PortCounters => _dispatcher.Counters;

    /// <summary>Gets the number of instructions that the guest has executed on all processors. Read it only while the machine does not run.</summary>
    public ulong InstructionsRetired => _processors.InstructionsRetired;

    /// <summary>Gets the virtual time in nanoseconds.</summary>
    public long Now => _vm.Clock.Now;

    /// <summary>Runs the guest until it stops or a limit is reached. Time stands still between two runs.</summary>
    /// <param name="limits">The limits.</param>
    /// <returns>Why it stopped.</returns>
    /// <exception cref="ImageException">The guest asked for a reset, and the image no longer fits into memory.</exception>
    public MachineStop Run(MachineRunOptions limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        ArmTimeLimit(limits.MaxVirtualTime);
        _hostClock?.Resume();
        try
        {
            var budget = new InstructionBudget(limits.MaxInstructions);
            while (true)
            {
                MachineStop stop = RunUntilStop(limits, budget);
                if (stop.Reason != MachineStopReason.Reset || _options.NoReboot)
                {
                    return stop;
                }

                Reboot();
            }
        }
        finally
        {
            _hostClock?.Pause();
            ArmTimeLimit(null);
        }
    }

    /// <summary>
    /// Ends the run with <see cref="MachineStopReason.Requested"/>: right behind the instruction under way when a device or a listener calls it, else within
    /// milliseconds; while the machine stands still, the next run ends at once. May be called from any thread at any time.
    /// </summary>
    public void RequestStop() => Request(MachineStopReason.Requested, SystemEventType.Shutdown);

    /// <summary>Tells that the host has bytes for the serial port or the virtio console. May be called from any thread at any time.</summary>
    public void NotifyInput()
    {
        lock (_gate)
        {
            _serial.Feed();
            _devices.Console?.Device.InputReady();
        }
    }

    /// <summary>Tells the guest how large the terminal at its virtio console is; nothing happens without one. May be called from any thread at any time.</summary>
    /// <param name="columns">Characters in a line.</param>
    /// <param name="rows">Lines.</param>
    public void ResizeConsole(ushort columns, ushort rows)
    {
        lock (_gate)
        {
            _devices.Console?.Resize(columns, rows);
        }
    }

    /// <summary>Frees the guest's memory and stops its timers.</summary>
    public void Dispose()
    {
        _hostClock?.Dispose();
        _vm.Dispose();
        _kvm.Dispose();
        _disks?.Dispose();
    }

    /// <summary>Gets all memory slots: RAM, ROM and shadowed ranges.</summary>
    internal GuestMemory AllMemory => _vm.Memory;

    /// <summary>Gets the access that ended the run because of <see cref="PcOptions.StopOnUnmapped"/>.</summary>
    internal UnmappedAccess? StoppedAt => _dispatcher.StoppedAt;

    /// <summary>Takes what a device asked for, behind the system event that it raised.</summary>
    /// <returns>The stop; <see langword="null"/> when it has been taken already.</returns>
    internal MachineStop? TakeRequest() => Interlocked.Exchange(ref _requested, null);

    /// <summary>Waits for the host's input: a halted guest without a deadline can still be woken by a key, or by a byte for a port that it listens at.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>Whether there is input; else nothing can wake the guest.</returns>
    internal bool WaitForInput(CancellationToken cancellation)
    {
        const ulong InterruptFlag = 0x200;
        bool takesInterrupts = Vcpus.Any(static vcpu => (vcpu.GetRegisters().Rflags & InterruptFlag) != 0);
        if (_options.AwaitsKeys)
        {
            return takesInterrupts && Keyboard.WaitForKey(cancellation);
        }

        if (!takesInterrupts || ListenedAt() is not { } host || !host.WaitForInput(cancellation))
        {
            return false;
        }

        NotifyInput();
        return true;
    }

    // The host's end whose next byte would interrupt the guest; the virtio console's if both would.
    private ISerialHost? ListenedAt()
    {
        const byte ReceivedDataEnabled = 0x01; // ERBFI in IER
        lock (_gate)
        {
            bool consoleListens = _options.Console is not null && _devices.Console is { Device.HasDriver: true };
            bool serialListens = _devices.Com1.ReceiverRoom > 0 && (_devices.Com1.Save().InterruptEnable & ReceivedDataEnabled) != 0;
            return consoleListens ? _options.Console : serialListens ? _options.Serial : null;
        }
    }

    private void WaitForRoom()
    {
        _options.Serial?.WaitForRoom();
        _options.Console?.WaitForRoom();
    }

    private MachineStop RunUntilStop(MachineRunOptions limits, InstructionBudget budget)
    {
        var verdicts = new ExitVerdicts(this, limits.Cancellation);
        return _processors.AreParallel
            ? new ParallelRun(_processors, verdicts, budget, limits.Cancellation).Run()
            : new SequentialRun(_processors, verdicts, budget, limits.Cancellation).Run();
    }

    // Called on a vCPU's thread without any lock.
    private void EndOfInterrupt(byte vector)
    {
        lock (_gate)
        {
            _devices.IoApic?.EndOfInterrupt(vector);
        }
    }

    private IVirtualClock MakeClock(out HostClock? hostClock)
    {
        if (_options.Deterministic)
        {
            hostClock = null;
            return new InstructionClock { Gate = _gate };
        }

        hostClock = new HostClock(_options.TimeProvider, _gate);
        hostClock.Pause();
        return hostClock;
    }

    // Any thread, without the lock: a listener may call it. The guest's first request counts, before any of the host's; the guest is stopped right behind
    // the instruction.
    private void Request(MachineStopReason reason, SystemEventType type, int status = 0, string? explanation = null)
    {
        var made = new MachineStop { Reason = reason, DebugExitStatus = status, Explanation = explanation };
        MachineStop? seen = Volatile.Read(ref _requested);
        while (seen is null || (IsHosts(seen.Reason) && !IsHosts(reason)))
        {
            MachineStop? found = Interlocked.CompareExchange(ref _requested, made, seen);
            if (found == seen)
            {
                break;
            }

            seen = found;
        }

        _vm.RaiseSystemEvent(type);
    }

    private static bool IsHosts(MachineStopReason reason) => reason is MachineStopReason.Requested or MachineStopReason.Budget;

    private void ArmTimeLimit(TimeSpan? limit)
    {
        const long NanosecondsPerTick = TimeSpan.NanosecondsPerTick;
        if (limit is null && _timeLimit is null)
        {
            return;
        }

        lock (_gate)
        {
            _timeLimit ??= _vm.Clock.CreateDeadline(() => Request(MachineStopReason.Budget, SystemEventType.Shutdown));
            if (limit is { } time)
            {
                _timeLimit.Arm(Now + (Math.Max(time.Ticks, 0) * NanosecondsPerTick));
            }
            else
            {
                _timeLimit.Disarm();
            }
        }
    }

    private void Reboot()
    {
        lock (_gate)
        {
            _devices.Reset();
            _requested = null;
        }

        _processors.Reset();
        Image = Boot();
    }

    private LoadedImage Boot()
    {
        if (_options.Bios is null)
        {
            _processors.SetUpWithoutFirmware();
        }

        lock (_gate)
        {
            return _start.Boot(Vcpu);
        }
    }
}
