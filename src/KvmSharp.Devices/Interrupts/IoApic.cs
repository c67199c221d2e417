namespace KvmSharp.Devices;

/// <summary>The Intel 82093AA I/O advanced programmable interrupt controller: 24 pins, each with an entry that says what message it sends.</summary>
/// <remarks>
/// Two doubleword registers: offset 0 selects, offset 10h is the selected register. An edge on a masked pin is lost; a level pin sends
/// once and again after the end of its interrupt while it is still asserted. A pin is asserted or not: the polarity bit is stored and means nothing.
/// Not modelled: the APIC bus with its arbitration (the register reads the identification), delivery status (a message is sent at once).
/// Source: Intel 82093AA data sheet (290566), "IOAPIC Registers".
/// </remarks>
/// <param name="messages">Takes the interrupt messages: the local APICs.</param>
public sealed class IoApic(IMessageInterrupts messages) : IMmioDevice, IStateful<IoApicState>
{
    /// <summary>The number of pins.</summary>
    public const int PinCount = 24;

    private const int SelectOffset = 0x00; // IOREGSEL
    private const int WindowOffset = 0x10; // IOWIN

    private const byte Identification = 0x00;
    private const byte Version = 0x01;
    private const byte Arbitration = 0x02;
    private const byte FirstRedirection = 0x10; // low half of entry 0, then its high half
    private const uint VersionValue = 0x11 | ((PinCount - 1) << 16);
    private const uint IdentificationBits = 0x0F00_0000;

    private const ulong VectorBits = 0xFF;
    private const int DeliveryModeShift = 8;
    private const ulong DeliveryModeBits = 7;
    private const ulong LogicalDestination = 1 << 11; // DESTMOD
    private const ulong RemoteIrr = 1 << 14;
    private const ulong Level = 1 << 15;  // trigger mode
    private const ulong Masked = 1 << 16;
    private const ulong ReadOnlyBits = RemoteIrr | (1 << 12); // and delivery status
    private const ulong StoredBits = 0xFF00_0000_0001_FFFF;
    private const int DestinationShift = 56;
    private const int LowestPriority = 1; // the highest delivery mode whose end the local APIC reports; 0 is fixed

    private const ulong MessageAddress = 0xFEE0_0000;
    private const int MessageDestinationShift = 12;
    private const ulong MessageLogical = 1 << 2;
    private const uint MessageAssert = 1 << 14;
    private const uint MessageLevel = 1 << 15;

    private readonly Input?[] _pins = new Input?[PinCount];
    private IoApicState _s = PowerOn;

    private static IoApicState PowerOn
    {
        get
        {
            var state = default(IoApicState);
            for (int pin = 0; pin < PinCount; pin++)
            {
                state.Set(pin, Masked);
            }

            return state;
        }
    }

    /// <summary>Gets a pin.</summary>
    /// <param name="pin">0 to 23.</param>
    /// <returns>The pin; each call gives the same object.</returns>
    public ISignal Pin(int pin) => _pins[pin] ??= new Input(this, pin);

    /// <summary>Takes a local APIC's word that the interrupt of a vector has ended.</summary>
    /// <param name="vector">The vector.</param>
    public void EndOfInterrupt(byte vector)
    {
        for (int pin = 0; pin < PinCount; pin++)
        {
            ulong entry = _s.Get(pin);
            if ((entry & RemoteIrr) != 0 && (entry & VectorBits) == vector)
            {
                _s.Set(pin, entry & ~RemoteIrr);
                SendLevel(pin);
            }
        }
    }

    /// <inheritdoc/>
    public ulong ReadMmio(ulong offset, int width) => offset switch
    {
        SelectOffset => _s.Select,
        WindowOffset => ReadRegister(),
        _ => 0,
    };

    /// <inheritdoc/>
    public void WriteMmio(ulong offset, int width, ulong value)
    {
        if (offset == SelectOffset)
        {
            _s.Select = (byte)value;
        }
        else if (offset == WindowOffset)
        {
            WriteRegister((uint)value);
        }
    }

    /// <inheritdoc/>
    public IoApicState Save() => _s;

    /// <inheritdoc/>
    /// <remarks>It sends nothing: what a pin had to send was sent before the state was saved.</remarks>
    public void Load(in IoApicState state) => _s = state;

    /// <inheritdoc/>
    /// <remarks>The levels of the pins stay: other chips drive them.</remarks>
    public void Reset() => _s = PowerOn with { Pins = _s.Pins };

    private uint ReadRegister()
    {
        switch (_s.Select)
        {
            case Identification or Arbitration:
                return _s.Identification;
            case Version:
                return VersionValue;
            case >= FirstRedirection and < FirstRedirection + (2 * PinCount):
                (int pin, int half) = Math.DivRem(_s.Select - FirstRedirection, 2);
                return (uint)(_s.Get(pin) >> (32 * half));
            default:
                return 0;
        }
    }

    private void WriteRegister(uint value)
    {
        if (_s.Select == Identification)
        {
            _s.Identification = value & IdentificationBits;
        }
        else if (_s.Select is >= FirstRedirection and < FirstRedirection + (2 * PinCount))
        {
            (int pin, int half) = Math.DivRem(_s.Select - FirstRedirection, 2);
            ulong lanes = (ulong)uint.MaxValue << (32 * half) & StoredBits & ~ReadOnlyBits;
            ulong entry = (_s.Get(pin) & ~lanes) | (((ulong)value << (32 * half)) & lanes);

            // An edge entry waits for no end of interrupt; software makes one of a level entry to be rid of a lost end.
            _s.Set(pin, (entry & Level) == 0 ? entry & ~RemoteIrr : entry);
            SendLevel(pin);
        }
    }

    private void SetPin(int pin, bool asserted)
    {
        uint bit = 1u << pin;
        if (asserted == ((_s.Pins & bit) != 0))
        {
            return;
        }

        _s.Pins ^= bit;
        ulong entry = _s.Get(pin);
        if (asserted && (entry & (Masked | Level)) == 0)
        {
            Send(entry);
        }

        SendLevel(pin);
    }

    private void SendLevel(int pin)
    {
        ulong entry = _s.Get(pin);
        bool asserted = (_s.Pins & (1u << pin)) != 0;
        if (!asserted || (entry & Level) == 0 || (entry & (Masked | RemoteIrr)) != 0)
        {
            return;
        }

        if (((entry >> DeliveryModeShift) & DeliveryModeBits) <= LowestPriority)
        {
            _s.Set(pin, entry | RemoteIrr);
        }

        Send(entry);
    }

    private void Send(ulong entry)
    {
        ulong address = MessageAddress
            | ((entry >> DestinationShift) << MessageDestinationShift)
            | ((entry & LogicalDestination) != 0 ? MessageLogical : 0);
        uint data = (uint)(entry & (VectorBits | (DeliveryModeBits << DeliveryModeShift)))
            | ((entry & Level) != 0 ? MessageLevel | MessageAssert : 0);
        messages.Send(address, data);
    }

    private sealed class Input(IoApic chip, int pin) : ISignal
    {
        public void Drive(bool asserted) => chip.SetPin(pin, asserted);
    }
}
