using System.Buffers.Binary;

namespace KvmSharp.Devices;

/// <summary>A drive at a channel: its registers, its sector buffer and the protocols by which data pass through it.</summary>
/// <remarks>
/// A command is carried out when it is written, and the next sectors are read or written when the buffer is empty or full, so BSY is never
/// seen but in a soft reset. The kinds of drives derive from it.
/// Source: ATA/ATAPI-6 (T13 1410D), "Protocol", PIO data-in, PIO data-out and DMA command protocols.
/// </remarks>
public abstract class IdeDrive
{
    private const byte TransferModeMultiword = 4; // bits 7 to 3 of a transfer mode
    private const byte TransferModeUltra = 8;
    private const int FastestMultiword = 2;
    private const int FastestUltra = 5;
    private const byte Multiword2 = 0x22; // what firmware chooses with a PIIX3

    private readonly byte[] _buffer = new byte[IdeBuffer.Length];

    private protected TaskFile _r;
    private protected IdeTransfer _t;
    private protected AtaSettings _settings;

    private protected IdeDrive()
    {
    }

    /// <summary>Gets the registers.</summary>
    internal ref TaskFile Registers => ref _r;

    internal bool IsBusy => (_r.Status & (AtaStatus.Busy | AtaStatus.DataRequest)) != 0;

    internal IdePhase Phase => _t.Phase;

    private protected Span<byte> Buffer => _buffer;

    /// <summary>Carries out a command, or its first part when it has data.</summary>
    internal void Execute(AtaCommand command)
    {
        if (_settings.Power == AtaPowerMode.Sleep && command != AtaCommand.DeviceReset)
        {
            return;
        }

        _r.InterruptPending = false;
        _r.Error = AtaError.None;
        _t = default;
        Start(command);
    }

    /// <summary>Gives the drive its power-on state.</summary>
    internal void PowerOn()
    {
        _settings = default;
        RevertSettings();
        _settings.DmaMode = Multiword2;
        _settings.Power = AtaPowerMode.Active;
        Array.Clear(_buffer);
        PowerOnMedium();
        EndReset();
    }

    /// <summary>SRST is set: the drive is busy until it is clear again.</summary>
    internal void BeginReset()
    {
        _t = default;
        _r.InterruptPending = false;
        _r.Status = AtaStatus.Busy;
    }

    /// <summary>SRST is clear again.</summary>
    internal void SoftReset()
    {
        if (!_settings.KeepsSettings)
        {
            RevertSettings();
        }

        _settings.Power = AtaPowerMode.Active;
        EndReset();
    }

    /// <summary>The answer to EXECUTE DEVICE DIAGNOSTIC, and of any reset: a code and the signature of the kind of drive.</summary>
    internal void EndReset()
    {
        _t = default;
        _r = default;
        _r.Error = AtaError.DiagnosticPassed;
        StoreSignature();
    }

    internal void RaiseInterrupt() => _r.InterruptPending = true;

    internal uint ReadData(int width)
    {
        if (_t.Phase != IdePhase.DataIn)
        {
            return uint.MaxValue;
        }

        int position = _t.Position;
        uint value = 0;
        if (width == sizeof(ushort) && position + sizeof(ushort) <= _t.Stop)
        {
            value = BinaryPrimitives.ReadUInt16LittleEndian(_buffer.AsSpan(position));
        }
        else if (width == sizeof(uint) && position + sizeof(uint) <= _t.Stop)
        {
            value = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(position));
        }
        else
        {
            for (int lane = 0; lane < width && position + lane < _t.Stop; lane++)
            {
                value |= (uint)_buffer[position + lane] << (8 * lane);
            }
        }

        Advance(width);
        return value;
    }

    internal void WriteData(int width, uint value)
    {
        if (_t.Phase is not (IdePhase.DataOut or IdePhase.Packet))
        {
            return;
        }

        for (int lane = 0; lane < width && _t.Position + lane < _t.Stop; lane++)
        {
            _buffer[_t.Position + lane] = (byte)(value >> (8 * lane));
        }

        Advance(width);
    }

    /// <summary>Gives the bus master the next data for memory without going past them.</summary>
    /// <param name="chunk">Receives them.</param>
    /// <returns>How many bytes; 0 when the command ended with an error.</returns>
    internal abstract int PeekDma(Span<byte> chunk);

    /// <summary>Goes past data that are in memory now; the drive goes past whole sectors only.</summary>
    internal abstract void ConsumeDma(int bytes);

    /// <summary>Says how many bytes the drive takes from the bus master next, whole sectors. Packet drives here only give.</summary>
    internal virtual int DmaBytes(int most) => 0;

    /// <summary>Takes data from the bus master, whole sectors.</summary>
    internal virtual void WriteDma(ReadOnlySpan<byte> chunk)
    {
    }

    /// <summary>Copies out all that the drive remembers.</summary>
    internal virtual IdeDriveState Save()
    {
        var buffer = default(IdeBuffer);
        _buffer.CopyTo((Span<byte>)buffer);
        return new IdeDriveState { Registers = _r, Transfer = _t, Settings = _settings, Buffer = buffer };
    }

    /// <summary>Replaces all that the drive remembers.</summary>
    internal virtual void Load(in IdeDriveState state)
    {
        IdeBuffer buffer = state.Buffer;
        ((ReadOnlySpan<byte>)buffer).CopyTo(_buffer);
        (_r, _t, _settings) = (state.Registers, state.Transfer, state.Settings);
    }

    private protected abstract void Start(AtaCommand command);

    private protected abstract void StoreSignature();

    /// <summary>The host has read the buffer up to the stop.</summary>
    private protected abstract void OnBufferRead();

    /// <summary>The host has written the buffer up to the stop.</summary>
    private protected abstract void OnBufferWritten();

    private protected virtual void PowerOnMedium()
    {
    }

    private protected virtual void RevertSettings()
    {
        _settings.MultipleCount = 0;
        _settings.WriteCache = true;
    }

    /// <summary>Lets the host read the buffer from its place up to the stop, then the drive acts again.</summary>
    private protected void OfferData(int stop)
    {
        _t.Phase = IdePhase.DataIn;
        _t.Stop = stop;
        _r.Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.DataRequest;
        RaiseInterrupt();
    }

    /// <summary>Lets the host write a number of bytes into the buffer.</summary>
    private protected void AskForData(IdePhase phase, int bytes)
    {
        _t.Phase = phase;
        _t.Position = 0;
        _t.Stop = bytes;
        _r.Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.DataRequest;
    }

    /// <summary>Waits for the bus master.</summary>
    private protected void AskForDma(IdePhase phase)
    {
        _t.Phase = phase;
        _r.Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.DataRequest;
    }

    /// <summary>Ends the command well, without an interrupt: the last sector of a PIO read has had its own.</summary>
    private protected void EndQuietly()
    {
        _t = default;
        _r.Status = AtaStatus.Ready | AtaStatus.SeekComplete;
    }

    private protected void Complete()
    {
        EndQuietly();
        RaiseInterrupt();
    }

    private protected void Fail(AtaError error, AtaStatus more = AtaStatus.None)
    {
        Complete();
        _r.Status |= AtaStatus.Error | more;
        _r.Error = error;
    }

    /// <summary>SET FEATURES 03h: the mode stands in Sector Count. All modes are equally fast here; the drive reports what was chosen.</summary>
    private protected void SetTransferMode()
    {
        var mode = (byte)_r.SectorCount;
        int number = mode & 7;
        switch (mode >> 3)
        {
            case 0 or 1: // PIO, the default or with flow control
                Complete();
                break;
            case TransferModeMultiword when number <= FastestMultiword:
            case TransferModeUltra when number <= FastestUltra:
                _settings.DmaMode = mode;
                Complete();
                break;
            default:
                Fail(AtaError.Aborted);
                break;
        }
    }

    /// <summary>The power commands, which all drives know. Timers never run out.</summary>
    private protected void EnterPowerMode(AtaPowerMode mode)
    {
        _settings.Power = mode;
        Complete();
    }

    private protected void CheckPowerMode()
    {
        const byte ActiveOrIdle = 0xFF;
        const byte InStandby = 0x00;
        _r.SectorCount = _settings.Power == AtaPowerMode.Standby ? InStandby : ActiveOrIdle;
        Complete();
    }

    private void Advance(int width)
    {
        _t.Position += width;
        if (_t.Position < _t.Stop)
        {
            return;
        }

        _t.Position = _t.Stop;
        if (_t.Phase == IdePhase.DataIn)
        {
            OnBufferRead();
        }
        else
        {
            OnBufferWritten();
        }
    }
}
