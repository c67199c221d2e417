using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The chips of the PC, made and wired in order: first what others hang on.</summary>
internal sealed class PcDevices
{
    private readonly PortBus _ports;
    private readonly Action _reset;

    /// <summary>Makes all chips in their power-on state.</summary>
    /// <param name="board">What the board gives to its chips.</param>
    public PcDevices(PcWiring board)
    {
        IVirtualClock clock = board.Clock;
        PortBus ports = _ports = board.Ports;

        var master = new Pic8259(board.Interrupt, isMaster: true);
        var slave = new Pic8259(master.Line(PcLayout.CascadeIrq), isMaster: false);
        var pics = new PicPair(master, slave, PcLayout.CascadeIrq);
        ports.Map(PcLayout.MasterPic, 2, master);
        ports.Map(PcLayout.SlavePic, 2, slave);
        ports.Map(PcLayout.EdgeLevelControl, 2, new EdgeLevelControlPorts(master, slave));

        IoApic? ioApic = board.MessageInterrupts is { } messages ? new IoApic(messages) : null;
        if (ioApic is not null)
        {
            board.Mmio.Map(PcLayout.IoApic, PcLayout.PageBytes, ioApic);
        }

        var isa = new IsaLines(pics, ioApic);
        var resetLine = new EdgeWire(board.RequestReset);
        var chipset = new PcChipset(board, isa, resetLine);

        var storage = new PcStorage(board, isa, chipset.Slots);
        var virtio = new PcVirtio(board, chipset.Slots);

        // Deterministic time never comes late, and real hardware loses the pulses that a guest does not take.
        Func<bool>? tickWaits = clock is HostClock ? () => master.IsWaiting(PcLayout.PitIrq) : null;
        var pit = new Pit8254(clock, isa.Connect(PcLayout.PitIrq), out0Waits: tickWaits);
        var portB = new SystemControlPort61(clock, pit.Gate(2), () => pit.Out(2));
        ports.Map(PcLayout.Pit, 4, pit);
        ports.Map(PcLayout.SystemControlB, 1, portB);

        var cmos = new Rtc146818(clock, isa.Connect(PcLayout.CmosIrq), board.ClockStart.UtcDateTime);
        cmos.SetMemorySize(board.LowMemoryBytes, board.HighMemoryBytes);
        cmos.SetProcessorCount(board.ProcessorCount);
        cmos.SetFloppyDrives(storage.FloppyType);
        cmos.SetBootOrder([.. board.BootOrder.Select(FirmwareItems.NumberOf)]);
        ports.Map(PcLayout.Cmos, 2, cmos);

        // Either output opens the A20 gate, and either can reset the processor.
        var a20 = new OrGate(board.A20Gate);
        var keyboard = new I8042(isa.Connect(PcLayout.KeyboardIrq), isa.Connect(PcLayout.MouseIrq), a20.AddInput(), resetLine);
        var portA = new SystemControlPort92(a20.AddInput(), resetLine);
        ports.Map(PcLayout.KeyboardData, 1, keyboard);
        ports.Map(PcLayout.KeyboardCommand, 1, keyboard, firstOffset: 1);
        ports.Map(PcLayout.SystemControlA, 1, portA);

        var video = new PcVideo(ports, board.Mmio, clock);
        chipset.Slots.Add(PcLayout.DisplaySlot, 0, video.Function);

        var com1 = new Uart16550(isa.Connect(PcLayout.Com1Irq), board.Serial, clock);
        board.Serial.Uart = com1;
        ports.Map(PcLayout.Com1, 8, com1);
        PcTestDevice? testDevice = board.Devices.HasFlag(OptionalDevices.TestDevice) ? AddTestDevice(board, isa, ioApic) : null;
        if (testDevice is null)
        {
            ports.Map(PcLayout.DebugConsole, 1, new DebugConsole(board.Serial.Transmit));
        }

        var coprocessorError = new CoprocessorErrorPort(isa.Connect(PcLayout.CoprocessorIrq), board.IgnoreFloatingPointError);
        ports.Map(PcLayout.CoprocessorError, 2, coprocessorError);

        var postCode = new PostCodePort();
        ports.Map(PcLayout.PostCode, 1, postCode);
        var firmwareConfiguration = new FirmwareConfiguration(
            board.Memory, FirmwareItems.Sizes(board.LowMemoryBytes, board.ProcessorCount), board.FirmwareFiles(chipset.Slots.Bus));
        ports.Map(PcLayout.FirmwareConfiguration, FirmwareConfiguration.Ports, firmwareConfiguration, maximumWidth: 4);
        if (board.FirmwareDebugOutput is { } debugOutput)
        {
            ports.Map(PcLayout.FirmwareDebug, 1, new DebugConsole(debugOutput));
        }

        if (board.RequestDebugExit is { } exit)
        {
            ports.Map(PcLayout.DebugExit, 4, new DebugExitPort(exit), maximumWidth: 4);
        }

        // Each drives its pins again when it is loaded, so what has the levels of pins comes behind those that drive them: the gate of the timer,
        // the PCI lines, the DMA requests, and the interrupt controllers at last.
        Parts =
        [
            MachinePart.Of("port61", portB),
            MachinePart.Of("pit", pit),
            MachinePart.Of("rtc", cmos),
            MachinePart.Of("i8042", keyboard),
            MachinePart.Of("port92", portA),
            .. video.Parts,
            MachinePart.Of("com1", com1),
            MachinePart.Of("coprocessor", coprocessorError),
            MachinePart.Of("post", postCode),
            MachinePart.Of("fwcfg", firmwareConfiguration),
            .. storage.Parts,
            .. virtio.Parts,
            .. testDevice is null ? Array.Empty<MachinePart>() : [MachinePart.Of("testdev", testDevice)],
            .. chipset.Parts,
            MachinePart.Of("pic.slave", slave),
            MachinePart.Of("pic.master", master),
            .. ioApic is null ? Array.Empty<MachinePart>() : [MachinePart.Of("ioapic", ioApic)],
        ];
        InterruptController = pics;
        FloatingPointError = coprocessorError.Error;
        IoApic = ioApic;
        Chipset = chipset;
        Com1 = com1;
        Keyboard = keyboard;
        Console = virtio.Console;
        Video = video;
        _reset = () =>
        {
            // The interrupt controllers last: the others may drop their lines while they are reset.
            pit.Reset();
            portB.Reset();
            cmos.Reset();
            keyboard.Reset();
            portA.Reset();
            video.Reset();
            com1.Reset();
            coprocessorError.Reset();
            postCode.Reset();
            firmwareConfiguration.Reset();
            storage.Reset();
            virtio.Reset();
            testDevice?.Reset();
            chipset.Reset();
            ioApic?.Reset();
            slave.Reset();
            master.Reset();
        };
    }

    /// <summary>Gets all chips as parts of a snapshot, in the order in which they are loaded.</summary>
    public IReadOnlyList<MachinePart> Parts { get; }

    /// <summary>Gets the pair of interrupt controllers.</summary>
    public IInterruptController InterruptController { get; }

    /// <summary>Gets the input for the processor's FERR pin.</summary>
    public ISignal FloatingPointError { get; }

    /// <summary>Gets the IO-APIC; <see langword="null"/> in a machine without APICs.</summary>
    public IoApic? IoApic { get; }

    /// <summary>Gets the host bridge, the ISA bridge, power management and the PCI bus.</summary>
    public PcChipset Chipset { get; }

    /// <summary>Gets the first serial port.</summary>
    public Uart16550 Com1 { get; }

    /// <summary>Gets the keyboard controller.</summary>
    public I8042 Keyboard { get; }

    /// <summary>Gets the virtio console, if there is one.</summary>
    public PcConsole? Console { get; }

    /// <summary>Gets the display adapter.</summary>
    public PcVideo Video { get; }

    /// <summary>Gives every chip its power-on state. Call with the device lock held.</summary>
    public void Reset() => _reset();

    /// <summary>Sets the chips up as firmware would, in a machine that boots without. Call with the device lock held, behind a reset.</summary>
    public void SetUpWithoutFirmware()
    {
        PciSetup.Run(Chipset.Slots, _ports);
        Video.Vga.SetTextMode();
    }

    // Its lines are numbered as global system interrupts are: the ISA lines, then the pins of the IO-APIC that no ISA line leads to.
    private static PcTestDevice AddTestDevice(PcWiring board, IsaLines isa, IoApic? ioApic)
    {
        List<ISignal> lines = [.. isa.ConnectAll()];
        while (ioApic is not null && lines.Count < Devices.IoApic.PinCount)
        {
            lines.Add(ioApic.Pin(lines.Count));
        }

        var device = new PcTestDevice(lines);
        board.Ports.Map(PcLayout.TestDevice, PcTestDevice.Ports, device, maximumWidth: 4);
        board.Ports.Map(PcLayout.TestInterruptLines, PcTestDevice.LineCount, device.InterruptLines);
        board.Mmio.Map(PcLayout.TestMemory, PcTestDevice.MemoryBytes, device);
        return device;
    }
}

/// <summary>What a board gives to its chips.</summary>
internal sealed record PcWiring
{
    public required PortBus Ports { get; init; }

    public required MmioBus Mmio { get; init; }

    public required IVirtualClock Clock { get; init; }

    public required DateTimeOffset ClockStart { get; init; }

    /// <summary>All RAM below 4 GiB, the hole below 1 MiB counted.</summary>
    public required ulong LowMemoryBytes { get; init; }

    /// <summary>The RAM from 4 GiB on.</summary>
    public required ulong HighMemoryBytes { get; init; }

    public required int ProcessorCount { get; init; }

    /// <summary>What firmware tries to boot from, first choice first.</summary>
    public required IReadOnlyList<BootDevice> BootOrder { get; init; }

    public required IGuestMemory Memory { get; init; }

    /// <summary>Gives the files that firmware finds in its configuration device, once all functions are on the PCI bus.</summary>
    public required Func<PciBus, IReadOnlyDictionary<string, ReadOnlyMemory<byte>>> FirmwareFiles { get; init; }

    /// <summary>Takes what firmware writes to its debug port. Null leaves the port out.</summary>
    public Action<byte>? FirmwareDebugOutput { get; init; }

    public required MachineDisks Disks { get; init; }

    public required SerialConnection Serial { get; init; }

    public OptionalDevices Devices { get; init; }

    /// <summary>The host's end of the virtio console.</summary>
    public ISerialHost? Console { get; init; }

    /// <summary>Told of each byte that the guest sends to the virtio console.</summary>
    public required Action<byte> ConsoleTrace { get; init; }

    /// <summary>Fills a span with random bytes. Null makes them from a fixed seed.</summary>
    public Action<Span<byte>>? HostEntropy { get; init; }

    /// <summary>Gets what chooses the bytes of the entropy device without a source of the host's.</summary>
    public ulong Seed { get; init; }

    /// <summary>The processor's INTR pin.</summary>
    public required ISignal Interrupt { get; init; }

    /// <summary>The processor's IGNNE pin.</summary>
    public required ISignal IgnoreFloatingPointError { get; init; }

    /// <summary>The local APICs. Null leaves the IO-APIC out too.</summary>
    public IMessageInterrupts? MessageInterrupts { get; init; }

    public required ISignal A20Gate { get; init; }

    /// <summary>What the host bridge's PAM registers govern: a region's number and which of its accesses reach RAM.</summary>
    public required Action<int, ShadowAccess> Shadow { get; init; }

    public required Action RequestReset { get; init; }

    public required Action RequestPowerOff { get; init; }

    /// <summary>Null leaves the debug-exit port out.</summary>
    public Action<int>? RequestDebugExit { get; init; }
}
