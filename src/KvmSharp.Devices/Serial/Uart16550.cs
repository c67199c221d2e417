using System.Runtime.CompilerServices;

namespace KvmSharp.Devices;

/// <summary>A National Semiconductor PC16550D UART as the PC wires it, with a terminal on its line (CTS, DSR and DCD on).</summary>
/// <remarks>
/// Offsets 0 to 7; with DLAB set, offsets 0 and 1 are the divisor latch. Sending takes no virtual time, so THRE and TEMT are always
/// set; the baud rate decides only how long the character timeout is. MCR's OUT2 gates the interrupt, as a PC's adapter does.
/// A host never loses a byte: <see cref="ReceiverRoom"/> stays 0 until the guest reads LSR or RBR, or enables the received-data
/// interrupt, after it last cleared the receiver, so input that waits does not vanish while a driver sets the chip up.
/// Not modelled: word length, parity and framing and so PE, FE and BI, break, DMA mode (stored only).
/// Source: PC16550D data sheet (National Semiconductor, 1995), "Registers" and "FIFO Interrupt Mode Operation".
/// </remarks>
public sealed class Uart16550 : BytePortDevice, IStateful<Uart16550State>
{
    private const byte IerReceivedData = 0x01;     // ERBFI
    private const byte IerTransmitterEmpty = 0x02; // ETBEI
    private const byte IerLineStatus = 0x04;       // ELSI
    private const byte IerModemStatus = 0x08;      // EDSSI
    private const byte IerWritable = 0x0F;

    private const byte FcrEnable = 0x01;
    private const byte FcrClearReceiver = 0x02;
    private const byte FcrStored = 0xC9; // trigger level, DMA mode, enable

    private const byte LcrDivisorLatch = 0x80; // DLAB
    private const byte McrOut2 = 0x08;
    private const byte McrLoop = 0x10;
    private const byte McrWritable = 0x1F;

    private const byte LsrDataReady = 0x01;
    private const byte LsrOverrun = 0x02;
    private const byte LsrTransmitterEmpty = 0x60; // THRE and TEMT

    private const ushort PowerOnDivisor = 12; // 9600 baud

    private static readonly byte[] TriggerLevels = [1, 4, 8, 14];

    private readonly ISignal _irq;
    private readonly ISerialLine _line;
    private readonly IVirtualClock _clock;
    private readonly IDeadline _timeout;
    private Uart16550State _s;

    /// <summary>Makes a chip in its power-on state.</summary>
    /// <param name="irq">The interrupt line, behind the OUT2 gate.</param>
    /// <param name="line">What hangs on the serial line.</param>
    /// <param name="clock">The machine's time, for the character timeout.</param>
    public Uart16550(ISignal irq, ISerialLine line, IVirtualClock clock)
        : base(ports: 8)
    {
        _irq = irq;
        _line = line;
        _clock = clock;
        _timeout = clock.CreateDeadline(Update);
        Reset();
    }

    /// <summary>Gets how many bytes <see cref="TryReceive"/> will take now: at most 16, or 1 without FIFOs; 0 in loopback.</summary>
    public int ReceiverRoom => !_s.ReceiverOpen || IsLoopback ? 0 : Math.Max(0, Capacity - _s.Received.Count);

    private bool IsLoopback => (_s.ModemControl & McrLoop) != 0;

    private bool FifosEnabled => (_s.FifoControl & FcrEnable) != 0;

    private int Capacity => FifosEnabled ? ByteFifo.Capacity : 1;

    private int TriggerLevel => FifosEnabled ? TriggerLevels[_s.FifoControl >> 6] : 1;

    // Whether a read of LSR has no effect: nothing was received and none of its bits waits to be cleared.
    private bool IsQuiet
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_s.ReceiverOpen || IsLoopback) && !_s.Overrun && _s.Received.Count == 0;
    }

    private bool DivisorLatchAccess => (_s.LineControl & LcrDivisorLatch) != 0;

    private byte ModemStatus => (byte)((ModemLines.Levels(_s.ModemControl, IsLoopback) << 4) | _s.ModemDeltas);

    /// <summary>Puts one byte from the host on the receive line.</summary>
    /// <param name="value">The byte.</param>
    /// <returns><see langword="false"/>, and the byte is not taken, when there is no room.</returns>
    /// <remarks>Call with the machine's device lock held.</remarks>
    public bool TryReceive(byte value)
    {
        if (ReceiverRoom == 0)
        {
            return false;
        }

        Receive(value);
        Update();
        return true;
    }

    /// <inheritdoc/>
    public Uart16550State Save() => _s;

    /// <inheritdoc/>
    public void Load(in Uart16550State state)
    {
        int room = ReceiverRoom;
        _s = state;
        Update();
        TellRoom(room);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _s = new Uart16550State { Divisor = PowerOnDivisor };
        Update();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // drivers poll LSR: while nothing is received the read changes nothing
    protected override byte ReadByte(int port) => (UartRegister)port == UartRegister.LineStatus && IsQuiet ? LineStatus() : ReadRegister(port);

    private byte ReadRegister(int port)
    {
        int room = ReceiverRoom;
        byte value = (UartRegister)port switch
        {
            UartRegister.Data => DivisorLatchAccess ? (byte)_s.Divisor : ReadReceiver(),
            UartRegister.InterruptEnable => DivisorLatchAccess ? (byte)(_s.Divisor >> 8) : _s.InterruptEnable,
            UartRegister.InterruptIdentification => ReadInterruptIdentification(),
            UartRegister.LineControl => _s.LineControl,
            UartRegister.ModemControl => _s.ModemControl,
            UartRegister.LineStatus => ReadLineStatus(),
            UartRegister.ModemStatus => ReadModemStatus(),
            _ => _s.Scratch,
        };
        Update();
        TellRoom(room);
        return value;
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        int room = ReceiverRoom;
        switch ((UartRegister)port)
        {
            case UartRegister.Data when DivisorLatchAccess:
                _s.Divisor = (ushort)((_s.Divisor & 0xFF00) | value);
                break;
            case UartRegister.Data:
                WriteTransmitter(value);
                break;
            case UartRegister.InterruptEnable when DivisorLatchAccess:
                _s.Divisor = (ushort)((value << 8) | (_s.Divisor & 0x00FF));
                break;
            case UartRegister.InterruptEnable:
                WriteInterruptEnable((byte)(value & IerWritable));
                break;
            case UartRegister.InterruptIdentification:
                WriteFifoControl(value);
                break;
            case UartRegister.LineControl:
                _s.LineControl = value;
                break;
            case UartRegister.ModemControl:
                WriteModemControl((byte)(value & McrWritable));
                break;
            case UartRegister.Scratch:
                _s.Scratch = value;
                break;
            default:
                break; // LSR and MSR: writing them is for factory tests
        }

        Update();
        TellRoom(room);
    }

    private byte ReadReceiver()
    {
        OpenReceiver();
        ByteFifo received = _s.Received;
        received.TryDequeue(out byte value);
        _s.Received = received;
        _s.TimeoutPending = false;
        RestartTimeout();
        return value;
    }

    private byte ReadLineStatus()
    {
        OpenReceiver();
        byte value = LineStatus();
        _s.Overrun = false;
        return value;
    }

    private byte ReadModemStatus()
    {
        byte value = ModemStatus;
        _s.ModemDeltas = 0;
        return value;
    }

    private byte ReadInterruptIdentification()
    {
        UartInterrupt interrupt = PendingInterrupt();
        if (interrupt == UartInterrupt.TransmitterEmpty)
        {
            _s.TransmitterEmptyPending = false; // reading IIR resets this source, if it is the one shown
        }

        const byte FifosEnabledBits = 0xC0;
        return (byte)((byte)interrupt | (FifosEnabled ? FifosEnabledBits : 0));
    }

    private void WriteTransmitter(byte value)
    {
        _s.TransmitterEmptyPending = false;
        DriveIrq(); // the byte is gone at once; without this fall an edge-triggered controller would miss the next request
        if (IsLoopback)
        {
            Receive(value);
        }
        else
        {
            _line.Transmit(value);
        }

        _s.TransmitterEmptyPending = true;
    }

    private void WriteInterruptEnable(byte value)
    {
        int rising = value & ~_s.InterruptEnable;
        _s.InterruptEnable = value;
        if ((value & IerTransmitterEmpty) == 0)
        {
            _s.TransmitterEmptyPending = false;
        }
        else if ((rising & IerTransmitterEmpty) != 0)
        {
            _s.TransmitterEmptyPending = true; // THRE is set, so enabling its interrupt raises it
        }

        if ((value & IerReceivedData) != 0)
        {
            OpenReceiver();
        }
    }

    private void WriteFifoControl(byte value)
    {
        bool toggled = ((value ^ _s.FifoControl) & FcrEnable) != 0;
        if (toggled || (value & (FcrEnable | FcrClearReceiver)) == (FcrEnable | FcrClearReceiver))
        {
            _s.Received = default;
            _s.TimeoutPending = false;
            _s.ReceiverOpen = (_s.InterruptEnable & IerReceivedData) != 0;
        }

        // Without the enable bit the other bits are not programmed.
        _s.FifoControl = (value & FcrEnable) != 0 ? (byte)(value & FcrStored) : (byte)0;
    }

    private void WriteModemControl(byte value)
    {
        int before = ModemLines.Levels(_s.ModemControl, IsLoopback);
        _s.ModemControl = value;
        _s.ModemDeltas |= ModemLines.Deltas(before, ModemLines.Levels(_s.ModemControl, IsLoopback));
    }

    private void OpenReceiver() => _s.ReceiverOpen |= !IsLoopback;

    private void Receive(byte value)
    {
        ByteFifo received = _s.Received;
        if (received.Count >= Capacity)
        {
            _s.Overrun = true;
            if (FifosEnabled)
            {
                return; // the FIFO is kept, the byte in the shift register is lost
            }

            received.Clear(); // without FIFOs the new byte replaces the old one
        }

        received.TryEnqueue(value);
        _s.Received = received;
        RestartTimeout();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte LineStatus() =>
        (byte)(LsrTransmitterEmpty | (_s.Overrun ? LsrOverrun : 0) | (_s.Received.Count > 0 ? LsrDataReady : 0));

    private UartInterrupt PendingInterrupt()
    {
        bool Enabled(byte bit) => (_s.InterruptEnable & bit) != 0;
        return _s switch
        {
            _ when Enabled(IerLineStatus) && _s.Overrun => UartInterrupt.LineStatus,
            _ when Enabled(IerReceivedData) && _s.Received.Count >= TriggerLevel => UartInterrupt.ReceivedData,
            _ when Enabled(IerReceivedData) && _s.TimeoutPending => UartInterrupt.CharacterTimeout,
            _ when Enabled(IerTransmitterEmpty) && _s.TransmitterEmptyPending => UartInterrupt.TransmitterEmpty,
            _ when Enabled(IerModemStatus) && _s.ModemDeltas != 0 => UartInterrupt.ModemStatus,
            _ => UartInterrupt.None,
        };
    }

    private void RestartTimeout() => _s.TimeoutDue = _clock.Now + CharacterTime.Timeout(_s.LineControl, _s.Divisor);

    // Every change ends here: the pin and the deadline follow from the state.
    private void Update()
    {
        bool waits = FifosEnabled && _s.Received.Count > 0 && !_s.TimeoutPending && (_s.InterruptEnable & IerReceivedData) != 0;
        if (waits && _s.TimeoutDue <= _clock.Now)
        {
            _s.TimeoutPending = true;
            waits = false;
        }

        if (waits && _s.Received.Count < TriggerLevel)
        {
            _timeout.Arm(_s.TimeoutDue);
        }
        else
        {
            _timeout.Disarm();
        }

        DriveIrq();
    }

    private void DriveIrq() => _irq.Drive((_s.ModemControl & (McrOut2 | McrLoop)) == McrOut2 && PendingInterrupt() != UartInterrupt.None);

    private void TellRoom(int before)
    {
        if (before == 0 && ReceiverRoom > 0)
        {
            _line.ReceiverReady();
        }
    }
}
