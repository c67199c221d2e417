namespace KvmSharp.Machines;

/// <summary>A PC with one processor: built from options, booted from an image, run until it stops.</summary>
/// <remarks>One thread at a time runs it. Devices are used under one lock, which timers and the host's serial end take too.</remarks>
public sealed class PcMachine : IDisposable
{
    private static readonly DateTimeOffset DeterministicClockStart = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _gate = new();
    private readonly PcOptions _options;
    private readonly Kvm _kvm = Kvm.Open();
    private readonly VirtualMachine _vm;
    private readonly HostClock? _hostClock;
    private readonly ExitDispatcher _dispatcher;
    private readonly SerialConnection _serial;
    private readonly PcDevices _devices;
    private readonly IReadOnlyList<RamRange> _ram;
    private MachineStop? _requested; // what a device asked for; read behind the system event that it raised

    /// <summary>Builds a machine and boots it up to the image's first instruction.</summary>
    /// <param name="options">What it is built from.</param>
    /// <exception cref="ImageException">The image cannot be booted.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The amount of memory is 0, no multiple of a page, or too large.</exception>
    /// <exception cref="KvmException">The host has not the memory.</exception>
    public PcMachine(PcOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _ram = PcLayout.Ram(options.MemoryBytes);
        _vm = _kvm.CreateVm();
        try
        {
            for (int slot = 0; slot < _ram.Count; slot++)
            {
                _vm.SetUserMemoryRegion(new MemorySlot(slot, _ram[slot].Start, _ram[slot].Length));
            }

            _vm.Clock = MakeClock(out _hostClock);
            Vcpu = _vm.CreateVcpu(0);
            Vcpu.Cpuid = options.Cpu.Cpuid;
            Vcpu.Reset(); // leaves the model's signature in EDX
            _serial = new SerialConnection(options.Serial);
            var ports = new PortBus();
            _dispatcher = new ExitDispatcher(_gate, ports, new MmioBus())
            {
                Trace = options.Trace,
                StopOnUnmapped = options.StopOnUnmapped,
                AfterExit = options.Serial is null ? null : options.Serial.WaitForRoom,
            };
            _dispatcher.ListenToBuses();
            _devices = new PcDevices(new PcWiring
            {
                Ports = ports,
                Clock = _vm.Clock,
                ClockStart = options.ClockStart ?? (options.Deterministic ? DeterministicClockStart : options.TimeProvider.GetUtcNow()),
                LowMemoryBytes = Math.Min(options.MemoryBytes, PcLayout.LowMemoryEnd),
                Serial = _serial,
                Interrupt = _vm.InterruptLine,
                A20Gate = _vm.A20Gate,
                RequestReset = () => Request(MachineStopReason.Reset, SystemEventType.Reset),
                RequestPowerOff = () => Request(MachineStopReason.PowerOff, SystemEventType.Shutdown),
                RequestDebugExit = options.DebugExit ? status => Request(MachineStopReason.DebugExit, SystemEventType.Shutdown, status) : null,
            });
            _vm.InterruptController = new GatedInterruptController(_gate, _devices.InterruptController);
            _vm.EventObserver = options.Trace is { } trace && trace.Kinds.HasFlag(TraceKinds.Interrupts) ? new InterruptTrace(trace) : null;
            _vm.ExitHandler = _dispatcher;
            Image = options.Boot.Load(_vm.Memory, _ram, Vcpu);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Gets the processor. Use it only while the machine does not run.</summary>
    public VirtualCpu Vcpu { get; }

    /// <summary>Gets guest memory.</summary>
    public IGuestMemory Memory => _vm.Memory;

    /// <summary>Gets what was loaded.</summary>
    public LoadedImage Image { get; private set; }

    /// <summary>Gets the counters of the port exits so far. Read them only while the machine does not run.</summary>
    public PortCounters PortCounters => _dispatcher.Counters;

    /// <summary>Gets the number of instructions that the guest has executed. Read it only while the machine does not run.</summary>
    public ulong InstructionsRetired { get; private set; }

    /// <summary>Gets the virtual time in nanoseconds.</summary>
    public long Now => _vm.Clock.Now;

    /// <summary>Runs the guest until it stops or a limit is reached. Time stands still between two runs.</summary>
    /// <param name="limits">The limits.</param>
    /// <returns>Why it stopped.</returns>
    /// <exception cref="ImageException">The guest asked for a reset, and the image no longer fits into memory.</exception>
    public MachineStop Run(MachineRunOptions limits)
    {
        ArgumentNullException.ThrowIfNull(limits);
        _hostClock?.Resume();
        try
        {
            return new RunLoop(this, limits).Run();
        }
        finally
        {
            _hostClock?.Pause();
        }
    }

    /// <summary>Tells that the serial host has bytes for the guest. May be called from any thread at any time.</summary>
    public void NotifyInput()
    {
        lock (_gate)
        {
            _serial.Feed();
        }
    }

    /// <summary>Frees the guest's memory and stops its timers.</summary>
    public void Dispose()
    {
        _hostClock?.Dispose();
        _vm.Dispose();
        _kvm.Dispose();
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

    // Called by a device, so with the lock held. The first request counts: the guest is stopped right behind the instruction.
    private void Request(MachineStopReason reason, SystemEventType type, int status = 0)
    {
        _requested ??= new MachineStop { Reason = reason, DebugExitStatus = status };
        _vm.RaiseSystemEvent(type);
    }

    private void Reboot()
    {
        lock (_gate)
        {
            _devices.Reset();
            _requested = null;
        }

        Vcpu.Reset();
        Image = _options.Boot.Load(_vm.Memory, _ram, Vcpu);
    }

    /// <summary>One call of <see cref="PcMachine.Run"/>: turns exits into a stop.</summary>
    private sealed class RunLoop(PcMachine machine, MachineRunOptions limits)
    {
        private readonly bool _singleStep = machine._options.Trace?.Kinds.HasFlag(TraceKinds.Instructions) ?? false;
        private ulong _left = limits.MaxInstructions;

        public MachineStop Run()
        {
            VirtualCpu vcpu = machine.Vcpu;
            while (true)
            {
                if (_left == 0)
                {
                    return Stop(MachineStopReason.Budget);
                }

                if (_singleStep)
                {
                    machine._options.Trace!.OnInstruction(vcpu, machine.Memory);
                }

                ulong before = vcpu.InstructionsRetired;
                VmExit vmExit = vcpu.Run(_singleStep ? 1 : _left, limits.Cancellation);
                ulong retired = vcpu.InstructionsRetired - before;
                machine.InstructionsRetired += retired;
                if (_left != ulong.MaxValue)
                {
                    _left -= Math.Min(_left, retired);
                }

                if (Turn(vmExit) is { } stop)
                {
                    return stop;
                }
            }
        }

        private static MachineStop Stop(MachineStopReason reason) => new() { Reason = reason };

        // Null lets the guest go on.
        private MachineStop? Turn(in VmExit vmExit) => vmExit.Reason switch
        {
            VmExitReason.SystemEvent => SystemEvent(),
            VmExitReason.Hlt => machine.WaitForInput(limits.Cancellation) ? null
                : Stop(limits.Cancellation.IsCancellationRequested ? MachineStopReason.Cancelled : MachineStopReason.Halted),
            VmExitReason.Shutdown => Stop(MachineStopReason.TripleFault),
            VmExitReason.Intr when vmExit.InterruptCause == InterruptCause.Cancellation => Stop(MachineStopReason.Cancelled),
            VmExitReason.Intr => null, // a spent budget is seen at the top of the loop; a kick only makes the loop turn
            VmExitReason.Io or VmExitReason.Mmio when machine._dispatcher.StoppedAt is { } access =>
                new MachineStop { Reason = MachineStopReason.UnmappedAccess, Unmapped = access },
            _ => Unsupported(vmExit),
        };

        private MachineStop? SystemEvent()
        {
            MachineStop stop;
            lock (machine._gate)
            {
                stop = machine._requested ?? Stop(MachineStopReason.PowerOff);
                machine._requested = null;
            }

            if (stop.Reason != MachineStopReason.Reset || machine._options.NoReboot)
            {
                return stop;
            }

            machine.Reboot();
            return null;
        }

        private MachineStop Unsupported(in VmExit vmExit)
        {
            SegmentRegister cs = machine.Vcpu.GetSpecialRegisters().Cs;
            byte[] bytes = vmExit.Reason == VmExitReason.InternalError ? machine.Vcpu.ExitData.ToArray() : [];
            int bits = cs.LongMode ? 64 : cs.DefaultBig ? 32 : 16;
            return Stop(MachineStopReason.Unsupported) with
            {
                Unsupported = new UnsupportedInstruction(vmExit.InternalError, bytes, cs.Selector, machine.Vcpu.GetRegisters().Rip, bits),
            };
        }
    }

    // A halted guest without a deadline can still be woken by the serial port, when it has enabled that interrupt.
    private bool WaitForInput(CancellationToken cancellation)
    {
        const byte ReceivedDataEnabled = 0x01; // ERBFI in IER
        bool listens;
        lock (_gate)
        {
            listens = _devices.Com1.ReceiverRoom > 0 && (_devices.Com1.Save().InterruptEnable & ReceivedDataEnabled) != 0;
        }

        const ulong InterruptFlag = 0x200;
        if (!listens || (Vcpu.GetRegisters().Rflags & InterruptFlag) == 0 || _options.Serial is null || !_options.Serial.WaitForInput(cancellation))
        {
            return false;
        }

        NotifyInput();
        return true;
    }
}
