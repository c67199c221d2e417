namespace KvmSharp.Devices;

/// <summary>An Intel 82077AA floppy disk controller with two drives.</summary>
/// <remarks>
/// Offset n is port 3F0h + n; offset 6 belongs to the hard disk. Seeks and transfers take no time: the interrupt follows at once.
/// Not modelled: the PS/2 registers at offsets 0 and 1, motors (a medium is always up to speed), deleted data, READ TRACK, VERIFY, SCAN, relative
/// seeks, FIFO thresholds, sectors that are not of 512 bytes, power down.
/// Source: Intel 82077AA data sheet (290166), "Register set" and "Command set descriptions".
/// </remarks>
public sealed partial class FloppyController : BytePortDevice, IStateful<FloppyControllerState>
{
    /// <summary>Drives that can be connected.</summary>
    public const int DriveCount = 2;

    private const int Units = 4;
    private const byte SoftwareReset = 0x80; // Data Rate Select
    private const byte RateBits = 0x03;
    private const byte DefaultRate = 2; // 250 kb/s
    private const byte DiskChange = 0x80; // Digital Input
    private const byte UnitBits = 0x03; // of a command's second byte
    private const byte HeadBit = 0x04;
    private const byte OperationBits = 0x1F; // of its first byte
    private const byte ImpliedSeek = 0x40; // Configuration
    private const byte PollingDisabled = 0x10;
    private const byte FifoDisabled = 0x20; // at power-on, as the older controllers have none
    private const byte NonDma = 0x01; // SPECIFY's second byte
    private const byte LockBit = 0x80; // the bit that is MT elsewhere
    private const byte Version82077 = 0x90;

    private readonly ISignal _irq;
    private readonly FloppyTransfer _transfer;
    private readonly FloppyDrive?[] _drives = new FloppyDrive?[DriveCount];
    private readonly byte[] _command = new byte[FloppyBytes.Length];
    private readonly byte[] _result = new byte[FloppyBytes.Length];
    private FloppyControllerState _s;

    /// <summary>Makes a controller without drives, in its power-on state.</summary>
    /// <param name="irq">The interrupt line, IRQ 6.</param>
    /// <param name="dma">The DMA channel, number 2.</param>
    public FloppyController(ISignal irq, DmaChannel dma)
        : base(FloppyRegister.Count)
    {
        _irq = irq;
        _transfer = new FloppyTransfer(this, dma);
        Reset();
    }

    /// <summary>Gets the command's operation.</summary>
    internal FloppyCommand Operation => (FloppyCommand)(_command[0] & OperationBits);

    internal byte CommandBits => (byte)(_command[0] & ~OperationBits);

    internal byte SelectedHead => (byte)((_command[1] & HeadBit) >> 2);

    internal byte EndOfTrack => _command[6];

    internal byte FormatFiller => _command[5];

    /// <summary>Gets the drive that the command names.</summary>
    internal FloppyDrive? SelectedDrive => Drive(_command[1] & UnitBits);

    internal int DataRate => _s.DataRate;

    internal bool UsesDma => (_s.Specify >> 8 & NonDma) == 0;

    internal bool SeeksFirst => (_s.Configuration & ImpliedSeek) != 0;

    private bool IsInReset => (_s.DigitalOutput & FloppyDigitalOutput.NotReset) == 0;

    /// <summary>Connects a drive. Call before the machine runs.</summary>
    /// <param name="unit">0 for A, 1 for B.</param>
    /// <param name="drive">The drive.</param>
    public void Attach(int unit, FloppyDrive drive) => _drives[unit] = drive;

    /// <summary>Gets a drive.</summary>
    /// <param name="unit">Its number.</param>
    /// <returns>The drive; <see langword="null"/> where none is connected.</returns>
    public FloppyDrive? Drive(int unit) => unit < DriveCount ? _drives[unit] : null;

    /// <inheritdoc/>
    public FloppyControllerState Save()
    {
        var command = default(FloppyBytes);
        var result = default(FloppyBytes);
        var sector = default(FloppySector);
        _command.CopyTo((Span<byte>)command);
        _result.CopyTo((Span<byte>)result);
        _transfer.Sector.CopyTo(sector);
        return _s with
        {
            Transfer = _transfer.State,
            Command = command,
            Result = result,
            Sector = sector,
            DriveA = _drives[0]?.State ?? default,
            DriveB = _drives[1]?.State ?? default,
        };
    }

    /// <inheritdoc/>
    public void Load(in FloppyControllerState state)
    {
        _s = state;
        FloppyBytes command = state.Command;
        FloppyBytes result = state.Result;
        FloppySector sector = state.Sector;
        ((ReadOnlySpan<byte>)command).CopyTo(_command);
        ((ReadOnlySpan<byte>)result).CopyTo(_result);
        ((ReadOnlySpan<byte>)sector).CopyTo(_transfer.Sector);
        _transfer.State = state.Transfer;
        LoadDrive(0, state.DriveA);
        LoadDrive(1, state.DriveB);
        DriveIrq();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _s = new FloppyControllerState { DataRate = DefaultRate, Configuration = FifoDisabled };
        Array.Clear(_command);
        Array.Clear(_result);
        _transfer.Sector.Clear();
        _transfer.State = default;
        foreach (FloppyDrive? drive in _drives)
        {
            drive?.Reset();
        }

        DriveIrq();
    }

    /// <summary>Lets the host move a sector through the FIFO.</summary>
    internal void OpenFifo(FloppyPhase phase)
    {
        _s.Phase = phase;
        _s.InterruptPending = true;
    }

    /// <summary>Ends a command that touched the medium: seven bytes of result, and an interrupt.</summary>
    internal void EndTransfer(FloppyStatus0 status0, FloppyStatus1 status1 = FloppyStatus1.None, FloppyStatus2 status2 = FloppyStatus2.None)
    {
        FloppyTransferState t = _transfer.State;
        byte place = (byte)(_command[1] & (UnitBits | HeadBit));
        Answer((byte)((byte)status0 | place), (byte)status1, (byte)status2, t.Cylinder, t.Head, t.Number, t.Size);
        _s.InterruptPending = true;
    }

    /// <inheritdoc/>
    protected override byte ReadByte(int port)
    {
        switch (port)
        {
            case FloppyRegister.DigitalOutput:
                return _s.DigitalOutput;
            case FloppyRegister.TapeDrive:
                return _s.TapeDrive;
            case FloppyRegister.MainStatus:
                return MainStatus();
            case FloppyRegister.Fifo:
                byte value = ReadFifo();
                DriveIrq();
                return value;
            case FloppyRegister.DigitalInput:
                FloppyDrive? drive = Drive(_s.DigitalOutput & FloppyDigitalOutput.Drive);
                return drive is { HasChanged: false } ? (byte)0 : DiskChange;
            default:
                return OpenBus;
        }
    }

    /// <inheritdoc/>
    protected override void WriteByte(int port, byte value)
    {
        switch (port)
        {
            case FloppyRegister.DigitalOutput:
                bool wasInReset = IsInReset;
                _s.DigitalOutput = value;
                ChangeReset(wasInReset);
                break;
            case FloppyRegister.TapeDrive:
                _s.TapeDrive = (byte)(value & UnitBits);
                break;
            case FloppyRegister.MainStatus:
                _s.DataRate = (byte)(value & RateBits);
                if ((value & SoftwareReset) != 0 && !IsInReset)
                {
                    ChangeReset(wasInReset: true); // a pulse that ends by itself
                }

                break;
            case FloppyRegister.Fifo when !IsInReset:
                WriteFifo(value);
                break;
            case FloppyRegister.DigitalInput:
                _s.DataRate = (byte)(value & RateBits);
                break;
            default:
                break;
        }

        DriveIrq();
    }

    private byte MainStatus()
    {
        if (IsInReset)
        {
            return 0;
        }

        int status = FloppyMainStatus.Request;
        status |= _s.Phase is FloppyPhase.DataIn or FloppyPhase.Result ? FloppyMainStatus.DataToHost : 0;
        status |= _s.Phase is FloppyPhase.DataIn or FloppyPhase.DataOut ? FloppyMainStatus.NonDma : 0;
        status |= _s.Phase != FloppyPhase.Command || _s.CommandLength > 0 ? FloppyMainStatus.CommandBusy : 0;
        return (byte)status;
    }

    /// <summary>A reset begins or ends; its end is an interrupt, unless drives are not polled.</summary>
    private void ChangeReset(bool wasInReset)
    {
        if (IsInReset == wasInReset && !wasInReset)
        {
            return;
        }

        AwaitCommand();
        _s.InterruptPending = false;
        _s.SeekAnswers = 0;
        _s.ResetAnswers = 0;
        if (IsInReset)
        {
            return;
        }

        if (!_s.IsLocked)
        {
            _s.Configuration = FifoDisabled;
            _s.PrecompensationTrack = 0;
        }

        if ((_s.Configuration & PollingDisabled) == 0)
        {
            _s.ResetAnswers = Units;
            _s.InterruptPending = true;
        }
    }

    private void LoadDrive(int unit, FloppyDriveState state)
    {
        if (_drives[unit] is { } drive)
        {
            drive.State = state;
        }
    }

    private void DriveIrq() => _irq.Drive(_s.InterruptPending && (_s.DigitalOutput & FloppyDigitalOutput.DmaGate) != 0);
}
