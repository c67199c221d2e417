namespace KvmSharp.Machines;

/// <summary>A PC: built from options, booted from an image, run until it stops.</summary>
/// <remarks>
/// One thread at a time runs it; in real time each further processor has a thread of its own while it runs. Devices are used under one lock, which timers and the host's serial end take too.
/// </remarks>
public sealed partial class PcMachine : IDisposable
{
    private static readonly DateTimeOffset DeterministicClockStart = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly DeviceLock _gate = new();
    private readonly PcOptions _options;
    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _vm;
    private readonly HostClock? _hostClock;
    private readonly PcProcessors _processors;
    private readonly ExitDispatcher _dispatcher;
    private readonly SerialConnection _serial;
    private readonly PcDevices _devices;
    private readonly PcStart _start;
    private readonly ShadowMemory _shadow;
    private readonly DateTimeOffset _clockStart;
    private readonly MachineDisks? _disks;
    private readonly IDeadline _timeLimit;
    private MachineStop? _requested; // what a device or the host asked for; read behind the system event that it raised

    /// <summary>Builds a machine and boots it up to the image's first instruction.</summary>
    /// <param name="options">What it is built from.</param>
    /// <exception cref="ImageException">The image cannot be booted, or a disk not opened.</exception>
    /// <exception cref="ArgumentException">Both an image and a firmware ROM are given; or several processors without APICs; or an entropy device without a source.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The amount of memory is 0, no multiple of a page, or too large; or the number of processors is.</exception>
    /// <exception cref="KvmException">The host has not the memory.</exception>
    public PcMachine(PcOptions options)
        : this(options, static options => MachineDisks.Open(options)) => Image = Boot();

    // Builds the machine and leaves it as it powers on, its image to be set.
    private PcMachine(PcOptions options, Func<PcOptions, MachineDisks> openDisks)
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
            _serial = new SerialConnection(Watched(options.Serial), value => consoleTrace.Tell(TraceConsole.Serial, value));
            _disks = openDisks(options);
            var ports = new PortBus();
            var mmio = new MmioBus();
            ShadowMemory shadow = _shadow = new ShadowMemory(_vm);
            mmio.Map(PcLayout.ShadowMemory, PcLayout.ShadowMemoryBytes, shadow);
            _dispatcher = new ExitDispatcher(_gate, ports, mmio)
            {
                Trace = Trace,
                AnswersHypercalls = options.Hypercalls,
                StopOnUnmapped = options.StopOnUnmapped,
                AfterOutput = WaitForRoom,
            };
            _dispatcher.ListenToBuses();
            _clockStart = options.ClockStart ?? (options.Deterministic ? DeterministicClockStart : options.TimeProvider.GetUtcNow());
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
                ClockStart = _clockStart,
                LowMemoryBytes = Math.Min(options.MemoryBytes, PcLayout.LowMemoryEnd),
                HighMemoryBytes = options.MemoryBytes - Math.Min(options.MemoryBytes, PcLayout.LowMemoryEnd),
                Disks = _disks,
                Serial = _serial,
                Devices = options.Devices,
                Console = Watched(options.Console),
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
            _timeLimit = _vm.Clock.CreateDeadline(() => Request(MachineStopReason.Budget, SystemEventType.Shutdown)); // the last one: a snapshot counts deadlines
            Image = null!; // until it boots, or a snapshot says what it was
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

    /// <summary>Gets or sets a value indicating whether executed instructions are counted; the guest is then interpreted. Change it while the machine does not run.</summary>
    public bool CountsInstructions
    {
        get => _vm.CountsInstructions;
        set => _vm.CountsInstructions = value;
    }

    /// <summary>Gets what was loaded.</summary>
    public LoadedImage Image { get; private set; }

    /// <summary>Gets the counters of the port exits so far. Read them only while the machine does not run.</summary>
    public PortCounters PortCounters => _dispatcher.Counters;

    /// <summary>Gets the number of instructions that the guest has executed on all processors. Read it only while the machine does not run.</summary>
    public ulong InstructionsRetired => _processors.InstructionsRetired;

    /// <summary>Gets the virtual time in nanoseconds.</summary>
    public long Now => _vm.Clock.Now;

    /// <summary>Collects what was executed while <see cref="CountsInstructions"/> was set. Not while the machine runs.</summary>
    /// <param name="symbols">Names of addresses; <see langword="null"/> for none.</param>
    /// <returns>The coverage.</returns>
    public GuestCoverage GetCoverage(SymbolTable? symbols = null) => GuestCoverage.Of(_vm.GetExecutedInstructions(), symbols, _vm.UncountedInstructions);

    /// <summary>Tells that the host has bytes for the serial port or the virtio console. May be called from any thread at any time.</summary>
    public void NotifyInput()
    {
        using (_gate.Enter())
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
        using (_gate.Enter())
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

    /// <summary>Gets the disks.</summary>
    internal MachineDisks Disks => _disks!;

    /// <summary>Gets all memory slots: RAM, ROM and shadowed ranges.</summary>
    internal GuestMemory AllMemory => _vm.Memory;

    /// <summary>Gets who answers at which ports and addresses. Use it only while the machine does not run.</summary>
    internal ExitDispatcher Dispatcher => _dispatcher;

    /// <summary>Gets the functions on the PCI bus. Use them only while the machine does not run.</summary>
    internal Devices.PciBus Pci => _devices.Chipset.Slots.Bus;

    /// <summary>Gets the access that ended the run because of <see cref="PcOptions.StopOnUnmapped"/>.</summary>
    internal UnmappedAccess? StoppedAt => _dispatcher.StoppedAt;

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
        using (_gate.Enter())
        {
            bool consoleListens = _options.Console is not null && _devices.Console is { Device.HasDriver: true };
            bool serialListens = _devices.Com1.ReceiverRoom > 0 && (_devices.Com1.Save().InterruptEnable & ReceivedDataEnabled) != 0;
            return consoleListens ? _options.Console : serialListens ? _options.Serial : null;
        }
    }

    private WatchedHost? Watched(ISerialHost? host) => host is null ? null : new WatchedHost(host, () => _dispatcher.HasSent = true);

    private void WaitForRoom()
    {
        _options.Serial?.WaitForRoom();
        _options.Console?.WaitForRoom();
    }

    // Called on a vCPU's thread without any lock.
    private void EndOfInterrupt(byte vector)
    {
        using (_gate.Enter())
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

    private void Reboot()
    {
        using (_gate.Enter())
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

        using (_gate.Enter())
        {
            return _start.Boot(Vcpu);
        }
    }
}
