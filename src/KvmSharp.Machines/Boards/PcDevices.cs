using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The chips of the PC, made and wired in order: first what others hang on.</summary>
internal sealed class PcDevices
{
    private readonly Action _reset;

    /// <summary>Makes all chips in their power-on state.</summary>
    /// <param name="board">What the board gives to its chips.</param>
    public PcDevices(PcWiring board)
    {
        IVirtualClock clock = board.Clock;
        PortBus ports = board.Ports;

        var master = new Pic8259(board.Interrupt, isMaster: true);
        var slave = new Pic8259(master.Line(PcLayout.CascadeIrq), isMaster: false);
        var pics = new PicPair(master, slave, PcLayout.CascadeIrq);
        ports.Map(PcLayout.MasterPic, 2, master);
        ports.Map(PcLayout.SlavePic, 2, slave);
        ports.Map(PcLayout.EdgeLevelControl, 2, new EdgeLevelControlPorts(master, slave));

        var pit = new Pit8254(clock, pics.Line(PcLayout.PitIrq));
        var portB = new SystemControlPort61(clock, pit.Gate(2), () => pit.Out(2));
        ports.Map(PcLayout.Pit, 4, pit);
        ports.Map(PcLayout.SystemControlB, 1, portB);

        var cmos = new Rtc146818(clock, pics.Line(PcLayout.CmosIrq), board.ClockStart.UtcDateTime);
        cmos.SetMemorySize(board.LowMemoryBytes);
        ports.Map(PcLayout.Cmos, 2, cmos);

        // Either output opens the A20 gate, and either can reset the processor.
        var a20 = new OrGate(board.A20Gate);
        var resetLine = new EdgeWire(board.RequestReset);
        var keyboard = new I8042(pics.Line(PcLayout.KeyboardIrq), pics.Line(PcLayout.MouseIrq), a20.AddInput(), resetLine);
        var portA = new SystemControlPort92(a20.AddInput(), resetLine);
        ports.Map(PcLayout.KeyboardData, 1, keyboard);
        ports.Map(PcLayout.KeyboardCommand, 1, keyboard, firstOffset: 1);
        ports.Map(PcLayout.SystemControlA, 1, portA);

        var com1 = new Uart16550(pics.Line(PcLayout.Com1Irq), board.Serial, clock);
        board.Serial.Uart = com1;
        ports.Map(PcLayout.Com1, 8, com1);
        ports.Map(PcLayout.DebugConsole, 1, new DebugConsole(board.Serial.Transmit));

        var postCode = new PostCodePort();
        var powerOff = new PowerOffPort(board.RequestPowerOff);
        ports.Map(PcLayout.PostCode, 1, postCode);
        ports.Map(PcLayout.PowerOff, 2, powerOff, maximumWidth: 2);
        if (board.RequestDebugExit is { } exit)
        {
            ports.Map(PcLayout.DebugExit, 4, new DebugExitPort(exit), maximumWidth: 4);
        }

        InterruptController = pics;
        Com1 = com1;
        _reset = () =>
        {
            // The interrupt controllers last: the others may drop their lines while they are reset.
            pit.Reset();
            portB.Reset();
            cmos.Reset();
            keyboard.Reset();
            portA.Reset();
            com1.Reset();
            postCode.Reset();
            powerOff.Reset();
            slave.Reset();
            master.Reset();
        };
    }

    /// <summary>Gets the pair of interrupt controllers.</summary>
    public IInterruptController InterruptController { get; }

    /// <summary>Gets the first serial port.</summary>
    public Uart16550 Com1 { get; }

    /// <summary>Gives every chip its power-on state. Call with the device lock held.</summary>
    public void Reset() => _reset();
}

/// <summary>What a board gives to its chips.</summary>
internal sealed record PcWiring
{
    public required PortBus Ports { get; init; }

    public required IVirtualClock Clock { get; init; }

    public required DateTimeOffset ClockStart { get; init; }

    /// <summary>All RAM below 4 GiB, the hole below 1 MiB counted.</summary>
    public required ulong LowMemoryBytes { get; init; }

    public required SerialConnection Serial { get; init; }

    /// <summary>The processor's INTR pin.</summary>
    public required ISignal Interrupt { get; init; }

    public required ISignal A20Gate { get; init; }

    public required Action RequestReset { get; init; }

    public required Action RequestPowerOff { get; init; }

    /// <summary>Null leaves the debug-exit port out.</summary>
    public Action<int>? RequestDebugExit { get; init; }
}
