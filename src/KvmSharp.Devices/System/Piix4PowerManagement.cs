namespace KvmSharp.Devices;

/// <summary>The power management function of Intel's PIIX4 (82371AB, function 3): ACPI's fixed hardware.</summary>
/// <remarks>
/// Its sixty-four ports lie where PMBA (40h) says once PMIOSE (80h) is set. Two further groups of ports are fixed and the board maps them: the APM pair by
/// which software switches ACPI on and off, and the general purpose events, of which there are none. System management mode does not exist, so
/// DEVACTB says from the start that the APM port is taken: firmware then leaves its handler out.
/// A write with SLP_EN powers off whatever sleep type it names: there is no other sleep. Not modelled: SMBus, the PIIX4's idle timers and traps.
/// Source: Intel 82371AB (PIIX4) data sheet, "Power Management"; the events' place and the two commands are those of QEMU's PC.
/// </remarks>
public sealed class Piix4PowerManagement : PciFunction, IStateful<Piix4PowerManagementState>
{
    /// <summary>The register that places the ports: the address in bits 15:6.</summary>
    public const int Base = 0x40;

    /// <summary>The register whose bit 0 makes the ports answer.</summary>
    public const int Miscellaneous = 0x80;

    /// <summary>Written to the APM command port: ACPI mode on. The FADT names it.</summary>
    public const byte AcpiEnableCommand = 0xF1;

    /// <summary>Written to the APM command port: ACPI mode off.</summary>
    public const byte AcpiDisableCommand = 0xF0;

    private const int BlockBytes = 64;
    private const byte PortIndicator = 1;
    private const byte PortEnable = 1; // PMIOSE
    private const int DeviceActivityB = 0x58;
    private const uint ApmEnable = 1 << 25; // APMC_EN
    private const int SystemManagementBusBase = 0x90;
    private const int SystemManagementBusConfiguration = 0xD2;
    private const long TimerMask = 0xFF_FFFF; // 24 bits
    private const int TimerTopBit = 23;

    private static readonly ClockRate TimerRate = new(715_909, 200_000_000); // 3,579,545 Hz, reduced by the common factor 5

    private static readonly PciIdentity Identity = new()
    {
        VendorId = 0x8086,
        DeviceId = 0x7113,
        ClassCode = 0x06_80_00,
        Revision = 0x03,
        SubsystemVendorId = 0x1AF4,
        SubsystemId = 0x1100,
        InterruptPin = 1,
    };

    private readonly IVirtualClock _clock;
    private readonly ISignal _sci;
    private readonly Action _powerOff;
    private readonly IDeadline _deadline;
    private AcpiState _s;

    /// <summary>Makes the function in its power-on state: no ports, ACPI mode off.</summary>
    /// <param name="clock">The machine's time.</param>
    /// <param name="sci">The system control interrupt's line: level, IRQ 9 in a PC.</param>
    /// <param name="interruptPin">A wire without an end: the function asks for SCI only.</param>
    /// <param name="powerOff">Called when the guest switches off, with the machine's device lock held.</param>
    public Piix4PowerManagement(IVirtualClock clock, ISignal sci, ISignal interruptPin, Action powerOff)
        : base(Identity, interruptPin)
    {
        _clock = clock;
        _sci = sci;
        _powerOff = powerOff;
        _deadline = clock.CreateDeadline(Update);
        ApmPorts = new Apm(this);
        GeneralPurposeEvents = new Events(this);
        MarkWritable(Base, (ushort)(0x1_0000 - BlockBytes));
        MarkWritable(Miscellaneous, PortEnable);
        MarkWritable(DeviceActivityB, ~0u);
        MarkWritable(SystemManagementBusBase, (ushort)0xFFF0);
        MarkWritable(SystemManagementBusConfiguration, byte.MaxValue);
        AddOwnWindow(PciSpace.Port, BlockBytes, new FixedHardware(this));
        Reset();
    }

    /// <summary>Gets the APM pair, two ports: the command (B2h in a PC) and a scratch byte beside it.</summary>
    public IPortDevice ApmPorts { get; }

    /// <summary>Gets the general purpose events' registers, four ports: two bytes of status, always 0, and two of enables.</summary>
    public IPortDevice GeneralPurposeEvents { get; }

    private AcpiControl Control => (AcpiControl)_s.Control;

    private AcpiEvents Status => (AcpiEvents)_s.Status;

    private AcpiEvents Enable => (AcpiEvents)_s.Enable;

    /// <summary>Presses the power button: in ACPI mode the guest is told, if it wants to know.</summary>
    public void PressPowerButton()
    {
        _s.Status |= (ushort)AcpiEvents.PowerButton;
        Update();
    }

    /// <inheritdoc/>
    public Piix4PowerManagementState Save()
    {
        Account();
        return new() { Config = SaveConfig(), Acpi = _s };
    }

    /// <inheritdoc/>
    public void Load(in Piix4PowerManagementState state)
    {
        _s = state.Acpi;
        LoadConfig(state.Config);
        FollowPins();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        PowerOnHeader();
        Config[Base] = PortIndicator;
        Config[DeviceActivityB + 3] = (byte)(ApmEnable >> 24);
        Config[SystemManagementBusBase] = PortIndicator;
        _s = new AcpiState { TimerHalf = TimerHalf };
        FollowPins();
    }

    /// <inheritdoc/>
    protected override (ulong Address, bool IsDecoded) PlaceOf(PciBar window) =>
        ((ulong)(Read16(Base) & ~(BlockBytes - 1)), (Config[Miscellaneous] & PortEnable) != 0);

    private long TimerHalf => TimerRate.TickAt(_clock.Now) >> TimerTopBit;

    private byte ReadByte(int register)
    {
        Account();
        return register switch
        {
            AcpiRegister.Status or AcpiRegister.Status + 1 => (byte)(_s.Status >> (8 * (register - AcpiRegister.Status))),
            AcpiRegister.Enable or AcpiRegister.Enable + 1 => (byte)(_s.Enable >> (8 * (register - AcpiRegister.Enable))),
            AcpiRegister.Control or AcpiRegister.Control + 1 => (byte)(_s.Control >> (8 * (register - AcpiRegister.Control))),
            >= AcpiRegister.Timer and < AcpiRegister.Timer + sizeof(uint) =>
                (byte)((TimerRate.TickAt(_clock.Now) & TimerMask) >> (8 * (register - AcpiRegister.Timer))),
            _ => 0,
        };
    }

    private void WriteByte(int register, byte value)
    {
        Account();
        int shift = 8 * (register & 1);
        int lane = 0xFF << shift;
        int placed = value << shift;
        switch (register & ~1)
        {
            case AcpiRegister.Status:
                _s.Status &= (ushort)~placed;
                break;
            case AcpiRegister.Enable:
                _s.Enable = (ushort)((_s.Enable & ~lane) | placed);
                break;
            case AcpiRegister.Control:
                _s.Control = (ushort)((_s.Control & ~lane) | (placed & ~(int)AcpiControl.SleepEnable));
                if ((placed & (int)AcpiControl.SleepEnable) != 0)
                {
                    _powerOff();
                }

                break;
            default:
                break;
        }

        FollowPins();
    }

    // The timer's top bit changes every 2.34 seconds; nobody needs to watch it unless its interrupt is enabled.
    private void Account()
    {
        long half = TimerHalf;
        if (half != _s.TimerHalf)
        {
            _s.TimerHalf = half;
            _s.Status |= (ushort)AcpiEvents.Timer;
        }
    }

    private void Update()
    {
        Account();
        FollowPins();
    }

    private void FollowPins()
    {
        _sci.Drive(Control.HasFlag(AcpiControl.SciEnable) && (Status & Enable & ~AcpiEvents.Wake) != 0);
        if (Enable.HasFlag(AcpiEvents.Timer) && !Status.HasFlag(AcpiEvents.Timer))
        {
            _deadline.Arm(TimerRate.TimeOf((_s.TimerHalf + 1) << TimerTopBit));
        }
        else
        {
            _deadline.Disarm();
        }
    }

    private void Command(byte command)
    {
        _s.ApmCommand = command;
        _s.Control = command switch
        {
            AcpiEnableCommand => (ushort)(_s.Control | (ushort)AcpiControl.SciEnable),
            AcpiDisableCommand => (ushort)(_s.Control & ~(ushort)AcpiControl.SciEnable),
            _ => _s.Control,
        };
        Update();
    }

    private sealed class FixedHardware(Piix4PowerManagement chip) : BytePortDevice(BlockBytes)
    {
        protected override byte ReadByte(int port) => chip.ReadByte(port);

        protected override void WriteByte(int port, byte value) => chip.WriteByte(port, value);
    }

    private sealed class Apm(Piix4PowerManagement chip) : BytePortDevice(ports: 2)
    {
        protected override byte ReadByte(int port) => port == 0 ? chip._s.ApmCommand : chip._s.ApmStatus;

        protected override void WriteByte(int port, byte value)
        {
            if (port == 0)
            {
                chip.Command(value);
            }
            else
            {
                chip._s.ApmStatus = value;
            }
        }
    }

    private sealed class Events(Piix4PowerManagement chip) : BytePortDevice(ports: 4)
    {
        private const int FirstEnable = 2;

        protected override byte ReadByte(int port) =>
            port < FirstEnable ? (byte)0 : (byte)(chip._s.GeneralEnable >> (8 * (port - FirstEnable)));

        protected override void WriteByte(int port, byte value)
        {
            if (port >= FirstEnable)
            {
                int shift = 8 * (port - FirstEnable);
                chip._s.GeneralEnable = (ushort)((chip._s.GeneralEnable & ~(0xFF << shift)) | (value << shift));
            }
        }
    }
}
