namespace KvmSharp.Devices;

/// <summary>An IDE channel: the ports of the command and control blocks, a cable, and up to two drives on it.</summary>
/// <remarks>
/// Offsets 0 to 7 are the command block (1F0h to 1F7h of a PC's first channel), offset 8 is the control block's only port (3F6h). The data port
/// takes accesses of 2 and 4 bytes.
/// Both drives hear each register write; only the selected one answers and carries out commands. A channel without drives reads as 7Fh, as the
/// cable's pull-down on the busy bit makes it. The first drive answers for an absent second one: all registers read as zero.
/// Source: ATA/ATAPI-6 (T13 1410D), "I/O registers" and "Single device configurations".
/// </remarks>
public sealed class IdeChannel : IPortDevice, IStateful<IdeChannelState>
{
    private const byte OpenBus = 0xFF;
    private const byte NoDrive = 0x7F;

    private readonly IdeDrive?[] _drives = new IdeDrive?[2];
    private readonly ISignal _intrq;
    private byte _control;
    private int _selected;
    private bool _isRequesting;

    /// <summary>Makes a channel without drives.</summary>
    /// <param name="intrq">The interrupt request line: IRQ 14 or 15.</param>
    public IdeChannel(ISignal intrq) => _intrq = intrq;

    /// <summary>Gets or sets the half of the controller that moves data of DMA commands; without one they wait.</summary>
    internal BusMaster? BusMaster { get; set; }

    /// <summary>Gets or sets a value indicating whether the controller decodes the channel's ports; else they float.</summary>
    internal bool IsDecoded { get; set; } = true;

    private IdeDrive? Selected => _drives[_selected];

    /// <summary>Connects a drive. Call before the machine runs.</summary>
    /// <param name="number">0 or 1: what the DEV bit selects it by.</param>
    /// <param name="drive">The drive.</param>
    public void Attach(int number, IdeDrive drive) => _drives[number] = drive;

    /// <summary>Gets a drive.</summary>
    /// <param name="number">0 or 1.</param>
    /// <returns>The drive; <see langword="null"/> where none is connected.</returns>
    public IdeDrive? Drive(int number) => _drives[number];

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int width)
    {
        if (offset == AtaRegister.Data)
        {
            return ReadData(width);
        }

        uint value = 0;
        for (int lane = 0; lane < width; lane++)
        {
            value |= (uint)ReadRegister(offset + lane) << (8 * lane);
        }

        return value;
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int width, uint value)
    {
        if (!IsDecoded)
        {
            return;
        }

        if (offset == AtaRegister.Data)
        {
            Selected?.WriteData(width, value);
            Update();
            return;
        }

        for (int lane = 0; lane < width; lane++)
        {
            WriteRegister(offset + lane, (byte)(value >> (8 * lane)));
        }
    }

    /// <inheritdoc/>
    public IdeChannelState Save() => new()
    {
        Control = _control,
        Selected = (byte)_selected,
        First = _drives[0]?.Save() ?? default,
        Second = _drives[1]?.Save() ?? default,
    };

    /// <inheritdoc/>
    public void Load(in IdeChannelState state)
    {
        _control = state.Control;
        _selected = state.Selected & 1;
        _drives[0]?.Load(state.First);
        _drives[1]?.Load(state.Second);
        DriveIntrq();
    }

    /// <inheritdoc/>
    public void Reset()
    {
        _control = 0;
        _selected = 0;
        _drives[0]?.PowerOn();
        _drives[1]?.PowerOn();
        DriveIntrq();
    }

    /// <summary>Lets the bus master move what it can, then drives the interrupt line: what every change ends with.</summary>
    internal void Update()
    {
        if (Selected is { Phase: IdePhase.DmaIn or IdePhase.DmaOut } drive)
        {
            BusMaster?.Run(drive);
        }

        DriveIntrq();
    }

    private uint ReadData(int width)
    {
        if (!IsDecoded || Selected is not { } drive)
        {
            return uint.MaxValue;
        }

        uint value = drive.ReadData(width);
        if (drive.Registers.InterruptPending != _isRequesting)
        {
            Update();
        }

        return value;
    }

    private byte ReadRegister(int register)
    {
        if (!IsDecoded || register >= AtaRegister.Count)
        {
            return OpenBus;
        }

        if (Selected is not { } drive)
        {
            return _drives[0] is null ? NoDrive : (byte)0;
        }

        byte value = drive.Registers.Read(register, previous: (_control & AtaControl.HighOrderByte) != 0);
        if (register == AtaRegister.Command)
        {
            drive.Registers.InterruptPending = false; // reading Status acknowledges, Alternate Status does not
            DriveIntrq();
        }

        return value;
    }

    private void WriteRegister(int register, byte value)
    {
        if (register == AtaRegister.DeviceControl)
        {
            WriteControl(value);
        }
        else if (register == AtaRegister.Command)
        {
            _control &= unchecked((byte)~AtaControl.HighOrderByte);
            WriteCommand((AtaCommand)value);
        }
        else if (register < AtaRegister.Command && Selected is not { IsBusy: true })
        {
            _control &= unchecked((byte)~AtaControl.HighOrderByte);
            foreach (IdeDrive? drive in _drives)
            {
                drive?.Registers.Write(register, value);
            }

            if (register == AtaRegister.Device)
            {
                _selected = (value & AtaDevice.Second) != 0 ? 1 : 0;
            }
        }

        Update();
    }

    private void WriteCommand(AtaCommand command)
    {
        if (command == AtaCommand.ExecuteDiagnostic && Selected is not { IsBusy: true })
        {
            Diagnose();
        }
        else if (Selected is { } drive && (!drive.IsBusy || (command == AtaCommand.DeviceReset && drive is AtapiDrive && !IsInReset)))
        {
            drive.Execute(command);
        }
    }

    private bool IsInReset => (_control & AtaControl.SoftReset) != 0;

    private void WriteControl(byte value)
    {
        bool was = IsInReset;
        _control = (byte)(value & (AtaControl.InterruptDisabled | AtaControl.SoftReset | AtaControl.HighOrderByte));
        if (IsInReset == was)
        {
            return;
        }

        _selected = 0;
        foreach (IdeDrive? drive in _drives)
        {
            if (was)
            {
                drive?.SoftReset();
            }
            else
            {
                drive?.BeginReset();
            }
        }
    }

    /// <summary>EXECUTE DEVICE DIAGNOSTIC: both drives obey, whichever is selected, and the first one interrupts for both.</summary>
    private void Diagnose()
    {
        _selected = 0;
        foreach (IdeDrive? drive in _drives)
        {
            drive?.EndReset();
        }

        _drives[0]?.RaiseInterrupt();
    }

    private void DriveIntrq()
    {
        bool request = Selected is { Registers.InterruptPending: true } && (_control & AtaControl.InterruptDisabled) == 0;
        if (request && !_isRequesting)
        {
            BusMaster?.NoteInterrupt();
        }

        _isRequesting = request;
        _intrq.Drive(request);
    }
}
