using System.Numerics;

namespace KvmSharp.Devices;

/// <summary>One Intel 8259A programmable interrupt controller: eight request lines, one INT pin.</summary>
/// <remarks>
/// Offset 0 takes ICW1, OCW2 and OCW3 and reads IRR, ISR or the poll byte; offset 1 takes ICW2 to ICW4 and OCW1, and reads IMR.
/// A request lasts as long as its line is high, in edge mode too: one that falls before the acknowledge ends as a spurious IR7.
/// Not modelled: MCS-80/85 mode (vectors are always those of 8086 mode) and buffered mode.
/// Source: Intel 8259A data sheet (231468), "Programming the 8259A"; ELCR: Intel 82371AB (PIIX4) data sheet.
/// </remarks>
public sealed class Pic8259 : BytePortDevice, IStateful<Pic8259State>
{
    private const byte Icw1Select = 0x10;     // D4: a write to offset 0 is ICW1
    private const byte Icw1NeedsIcw4 = 0x01;  // IC4
    private const byte Icw1Single = 0x02;     // SNGL
    private const byte Icw1Level = 0x08;      // LTIM
    private const byte Icw4AutoEoi = 0x02;    // AEOI
    private const byte Icw4SpecialFullyNested = 0x10; // SFNM
    private const byte Ocw2Level = 0x07;      // L2 to L0
    private const byte Ocw3Select = 0x08;     // D3: a write to offset 0 that is no ICW1 is OCW3
    private const byte Ocw3EnableSpecialMask = 0x40; // ESMM
    private const byte Ocw3SpecialMask = 0x20;       // SMM
    private const byte Ocw3Poll = 0x04;       // P
    private const byte Ocw3ReadRegister = 0x02; // RR
    private const byte Ocw3ReadIsr = 0x01;    // RIS
    private const byte PollInterrupt = 0x80;  // I in the poll byte
    private const int SpuriousLevel = 7;
    private const int NoLevel = -1;

    private readonly ISignal _int;
    private readonly bool _isMaster;
    private readonly RequestLine[] _lines = new RequestLine[8];
    private Pic8259State _s;

    /// <summary>Makes a chip in its power-on state: all lines masked, no ICW seen.</summary>
    /// <param name="interrupt">The INT pin: to the CPU's INTR, or for a slave to a line of its master.</param>
    /// <param name="isMaster">The level of the SP pin: only a master reads ICW3 as the set of lines that slaves drive.</param>
    public Pic8259(ISignal interrupt, bool isMaster)
        : base(ports: 2)
    {
        _int = interrupt;
        _isMaster = isMaster;
        for (int level = 0; level < _lines.Length; level++)
        {
            _lines[level] = new RequestLine(this, level);
        }

        Reset();
    }

    /// <summary>Gets or sets this chip's edge/level control register (ELCR): a set bit makes a line level-triggered.</summary>
    /// <remarks>Not part of the 8259A; chipsets put it beside the pair. ICW1's LTIM bit makes all lines level-triggered whatever it holds.</remarks>
    public byte EdgeLevelControl
    {
        get => _s.EdgeLevelControl;
        set
        {
            _s.EdgeLevelControl = value;
            DriveInt();
        }
    }

    private byte LevelTriggered => (_s.Icw1 & Icw1Level) != 0 ? (byte)0xFF : _s.EdgeLevelControl;

    private byte Requests => (byte)((_s.EdgeLatches | LevelTriggered) & _s.Lines); // IRR

    /// <summary>Gets one of the eight interrupt request lines, IR0 to IR7.</summary>
    /// <param name="level">0 to 7.</param>
    /// <returns>The line; each call gives the same object.</returns>
    public ISignal Line(int level) => _lines[level];

    /// <summary>Tells whether a request waits to be acknowledged: made, and not masked.</summary>
    /// <param name="level">0 to 7.</param>
    /// <returns>Whether it does.</returns>
    public bool IsWaiting(int level) => (Requests & ~_s.Mask & Bit(level)) != 0;

    /// <summary>Runs this chip's part of an interrupt-acknowledge cycle and puts the request in service.</summary>
    /// <param name="level">The line whose request was taken, or -1 when none was left and the vector is the spurious one.</param>
    /// <returns>The vector this chip puts on the bus; a master's is void when <paramref name="level"/> is a slave's line.</returns>
    public byte Acknowledge(out int level)
    {
        level = TakeHighestRequest();
        return (byte)(_s.VectorBase | (level == NoLevel ? SpuriousLevel : level));
    }

    /// <inheritdoc/>
    public Pic8259State Save() => _s;

    /// <inheritdoc/>
    public void Load(in Pic8259State state)
    {
        _s = state;
        DriveInt();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _s = new Pic8259State { Mask = 0xFF, LowestPriority = 7 };
        DriveInt();
    }

    /// <inheritdoc/>
    protected override byte ReadByte(int port)
    {
        if (_s.PollNext)
        {
            // The poll command turns the next read, at either port, into an acknowledge.
            _s.PollNext = false;
            int level = TakeHighestRequest();
            return level == NoLevel ? (byte)0 : (byte)(PollInterrupt | level);
        }

        return port == 1 ? _s.Mask : _s.ReadInService ? _s.InService : Requests;
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        if (port == 1)
        {
            WriteData(value);
        }
        else if ((value & Icw1Select) != 0)
        {
            BeginInitialization(value);
        }
        else if ((value & Ocw3Select) != 0)
        {
            WriteOcw3(value);
        }
        else
        {
            WriteOcw2(value);
        }

        DriveInt();
    }

    private static byte Bit(int level) => (byte)(1 << level);

    // Lines and mask registers live in fixed bit order; rotating them right makes bit 0 the highest priority.
    private int HighestPriority(byte levels)
    {
        int first = (_s.LowestPriority + 1) & 7;
        uint ordered = ((uint)levels >> first) | ((uint)levels << (8 - first));
        return (byte)ordered == 0 ? NoLevel : (BitOperations.TrailingZeroCount(ordered & 0xFF) + first) & 7;
    }

    private int PriorityOf(int level) => (level - _s.LowestPriority - 1) & 7;

    private int HighestRequest()
    {
        int request = HighestPriority((byte)(Requests & ~_s.Mask));
        if (request == NoLevel || _s.Next != InitializationWord.None)
        {
            return NoLevel;
        }

        int serviced = HighestServiced();
        if (serviced == NoLevel)
        {
            return request;
        }

        bool slaveMayNest = request == serviced && _isMaster && (_s.Icw4 & Icw4SpecialFullyNested) != 0 && (_s.Icw3 & Bit(request)) != 0;
        return PriorityOf(request) < PriorityOf(serviced) || slaveMayNest ? request : NoLevel;
    }

    private int TakeHighestRequest()
    {
        int level = HighestRequest();
        if (level != NoLevel)
        {
            _s.EdgeLatches &= (byte)~Bit(level);
            if ((_s.Icw4 & Icw4AutoEoi) == 0)
            {
                _s.InService |= Bit(level);
            }
            else if (_s.RotateOnAutoEoi)
            {
                _s.LowestPriority = (byte)level;
            }
        }

        // INT falls with the acknowledge, so that a master in edge mode sees the next request of its slave as a new edge.
        _int.Drive(false);
        DriveInt();
        return level;
    }

    private void BeginInitialization(byte icw1) => _s = new Pic8259State
    {
        // ICW1 clears IMR, ISR, the edge latches, special mask mode, the read select and rotation; without IC4 also ICW4.
        Icw1 = icw1,
        Next = InitializationWord.Icw2,
        Lines = _s.Lines,
        EdgeLevelControl = _s.EdgeLevelControl,
        LowestPriority = 7,
    };

    private void WriteData(byte value)
    {
        InitializationWord last = (_s.Icw1 & Icw1NeedsIcw4) != 0 ? InitializationWord.Icw4 : InitializationWord.None;
        switch (_s.Next)
        {
            case InitializationWord.Icw2:
                _s.VectorBase = (byte)(value & 0xF8);
                _s.Next = (_s.Icw1 & Icw1Single) != 0 ? last : InitializationWord.Icw3;
                break;
            case InitializationWord.Icw3:
                _s.Icw3 = value;
                _s.Next = last;
                break;
            case InitializationWord.Icw4:
                _s.Icw4 = value;
                _s.Next = InitializationWord.None;
                break;
            default:
                _s.Mask = value; // OCW1
                break;
        }
    }

    private void WriteOcw2(byte value)
    {
        int named = value & Ocw2Level;
        switch ((EndOfInterruptCommand)(value >> 5))
        {
            case EndOfInterruptCommand.ClearRotateOnAutoEoi:
                _s.RotateOnAutoEoi = false;
                break;
            case EndOfInterruptCommand.SetRotateOnAutoEoi:
                _s.RotateOnAutoEoi = true;
                break;
            case EndOfInterruptCommand.NonSpecific:
                EndOfInterrupt(HighestServiced(), rotate: false);
                break;
            case EndOfInterruptCommand.RotateOnNonSpecific:
                EndOfInterrupt(HighestServiced(), rotate: true);
                break;
            case EndOfInterruptCommand.Specific:
                EndOfInterrupt(named, rotate: false);
                break;
            case EndOfInterruptCommand.RotateOnSpecific:
                EndOfInterrupt(named, rotate: true);
                break;
            case EndOfInterruptCommand.SetPriority:
                _s.LowestPriority = (byte)named;
                break;
            default:
                break; // no operation
        }
    }

    // In special mask mode a level in service that is masked neither inhibits others nor is found by a non-specific EOI.
    private int HighestServiced() => HighestPriority((byte)(_s.SpecialMask ? _s.InService & ~_s.Mask : _s.InService));

    private void EndOfInterrupt(int level, bool rotate)
    {
        if (level == NoLevel)
        {
            return;
        }

        _s.InService &= (byte)~Bit(level);
        if (rotate)
        {
            _s.LowestPriority = (byte)level;
        }
    }

    private void WriteOcw3(byte value)
    {
        if ((value & Ocw3EnableSpecialMask) != 0)
        {
            _s.SpecialMask = (value & Ocw3SpecialMask) != 0;
        }

        if ((value & Ocw3Poll) != 0)
        {
            _s.PollNext = true; // overrides a read command in the same word
        }
        else if ((value & Ocw3ReadRegister) != 0)
        {
            _s.ReadInService = (value & Ocw3ReadIsr) != 0;
        }
    }

    private void SetLine(int level, bool asserted)
    {
        byte bit = Bit(level);
        if (asserted == ((_s.Lines & bit) != 0))
        {
            return;
        }

        _s.Lines ^= bit;
        _s.EdgeLatches = (byte)(asserted ? _s.EdgeLatches | bit : _s.EdgeLatches & ~bit);
        DriveInt();
    }

    private void DriveInt() => _int.Drive(HighestRequest() != NoLevel);

    private sealed class RequestLine(Pic8259 pic, int level) : ISignal
    {
        public void Drive(bool asserted) => pic.SetLine(level, asserted);
    }
}
