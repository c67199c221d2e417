namespace KvmSharp.Devices;

/// <summary>An ATAPI CD-ROM drive.</summary>
/// <remarks>
/// The drive takes packets and moves their data in DRQ blocks of at most the byte count limit that came with PACKET; <c>CdUnit</c> knows what
/// packets mean. A block may be longer than the buffer, which is filled again on the way.
/// Source: ATA/ATAPI-6 (T13 1410D), "PACKET command protocol".
/// </remarks>
public sealed class AtapiDrive : IdeDrive
{
    private const byte UsesDma = 0x01;         // Features
    private const byte ReasonCommand = 0x01;   // Interrupt Reason: C/D
    private const byte ReasonToHost = 0x02;    // I/O
    private const ushort Signature = 0xEB14;   // LBA High and LBA Mid
    private const int MostInBlock = 0xFFFE;    // a byte count is even unless it ends the data
    private const int BlocksInBuffer = IdeBuffer.Length / CdUnit.BlockBytes;

    private readonly CdUnit _unit = new();

    /// <summary>Makes a drive in its power-on state.</summary>
    /// <param name="medium">What lies in it; <see langword="null"/> for nothing.</param>
    /// <param name="serial">The serial number that IDENTIFY PACKET DEVICE reports: up to 20 ASCII characters.</param>
    public AtapiDrive(IDisk? medium = null, string serial = "KS00000002")
    {
        ArgumentNullException.ThrowIfNull(serial);
        Serial = serial;
        _unit.Change(medium);
        PowerOn();
    }

    /// <summary>Gets the serial number.</summary>
    public string Serial { get; }

    /// <summary>Gets what lies in the drive, on an open tray too.</summary>
    public IDisk? Medium => _unit.Medium;

    /// <summary>Gets a value indicating whether the guest wants the medium to stay in.</summary>
    public bool IsLocked => _unit.State.IsLocked;

    /// <summary>Changes the medium and closes the tray; the guest gets a unit attention. Call with the device lock held.</summary>
    /// <param name="medium">The new one; <see langword="null"/> takes it out.</param>
    public void ChangeMedium(IDisk? medium) => _unit.Change(medium);

    internal override int PeekDma(Span<byte> chunk)
    {
        int buffered = _t.Length - _t.Position;
        if (buffered > 0)
        {
            int bytes = Math.Min(buffered, chunk.Length);
            Buffer.Slice(_t.Position, bytes).CopyTo(chunk);
            return bytes;
        }

        int blocks = Math.Min(chunk.Length / CdUnit.BlockBytes, _t.SectorsLeft);
        if (_unit.TryRead(_t.Sector, chunk[..(blocks * CdUnit.BlockBytes)]))
        {
            return blocks * CdUnit.BlockBytes;
        }

        CheckCondition(CdSense.UnreadableBlock);
        return 0;
    }

    internal override void ConsumeDma(int bytes)
    {
        if (_t.Length > _t.Position)
        {
            _t.Position += bytes;
        }
        else
        {
            int blocks = bytes / CdUnit.BlockBytes;
            _t.Sector += blocks;
            _t.SectorsLeft -= blocks;
        }

        if (_t.Position == _t.Length && _t.SectorsLeft == 0)
        {
            CompletePacket();
        }
    }

    internal override IdeDriveState Save()
    {
        IdeDriveState state = base.Save();
        state.Cd = _unit.State;
        return state;
    }

    internal override void Load(in IdeDriveState state)
    {
        base.Load(state);
        _unit.State = state.Cd;
    }

    // A drive without a unit attention: whatever lay in it at power-on is what firmware found there.
    private protected override void PowerOnMedium() => _unit.State = default;

    private protected override void StoreSignature()
    {
        _r.SectorCount = 1;
        _r.LbaLow = 1;
        _r.Cylinder = Signature;
        _r.Status = AtaStatus.None; // a packet drive is not ready until its first command
    }

    private protected override void Start(AtaCommand command)
    {
        switch (command)
        {
            case AtaCommand.Packet:
                StartPacket();
                break;
            case AtaCommand.IdentifyPacketDevice:
                AtaIdentity.Write(Buffer, this, _settings);
                _t.Length = IDisk.SectorBytes;
                OfferData(IDisk.SectorBytes);
                break;
            case AtaCommand.IdentifyDevice or AtaCommand.ReadSectors:
                AbortWithSignature(); // how software that knows disks only finds out what this is
                break;
            case AtaCommand.DeviceReset:
                byte device = _r.Device;
                EndReset();
                _r.Device = (byte)(device & AtaDevice.Second);
                _settings.Power = AtaPowerMode.Active;
                break;
            case AtaCommand.SetFeatures when (AtaFeature)_r.Features == AtaFeature.SetTransferMode:
                SetTransferMode();
                break;
            case AtaCommand.Standby or AtaCommand.StandbyImmediate:
                EnterPowerMode(AtaPowerMode.Standby);
                break;
            case AtaCommand.Idle or AtaCommand.IdleImmediate:
                EnterPowerMode(AtaPowerMode.Active);
                break;
            case AtaCommand.Sleep:
                EnterPowerMode(AtaPowerMode.Sleep);
                break;
            case AtaCommand.CheckPowerMode:
                CheckPowerMode();
                break;
            default:
                Fail(AtaError.Aborted);
                break;
        }
    }

    private protected override void OnBufferWritten()
    {
        Span<byte> packet = stackalloc byte[CdUnit.PacketBytes];
        Buffer[..CdUnit.PacketBytes].CopyTo(packet);
        CdOutcome outcome = _unit.Execute(packet, Buffer);
        _t.Position = 0;
        _t.Length = outcome.ResponseBytes;
        _t.Sector = outcome.Block;
        _t.SectorsLeft = outcome.Blocks;
        if (!outcome.IsDone)
        {
            CheckCondition(_unit.State.Sense);
        }
        else if (outcome.ResponseBytes == 0 && outcome.Blocks == 0)
        {
            CompletePacket();
        }
        else if (_t.UsesDma)
        {
            _r.SectorCount = ReasonToHost;
            AskForDma(IdePhase.DmaIn);
        }
        else if (_t.BlockSize == 0)
        {
            Fail(AtaError.Aborted); // data, but no byte count to bring them in
        }
        else
        {
            OfferBlock();
        }
    }

    private protected override void OnBufferRead()
    {
        if (_t.BlockLeft > 0)
        {
            FillBuffer();
            OpenBuffer();
        }
        else if (_t.BlockSize == 0)
        {
            EndQuietly(); // IDENTIFY PACKET DEVICE follows the protocol of disks
        }
        else
        {
            OfferBlock();
        }
    }

    private void StartPacket()
    {
        int limit = _r.Cylinder;
        _t.UsesDma = (_r.Features & UsesDma) != 0;
        _t.BlockSize = limit == ushort.MaxValue ? MostInBlock : limit == 1 ? 0 : limit;
        _settings.Power = AtaPowerMode.Active;
        _r.SectorCount = ReasonCommand;
        AskForData(IdePhase.Packet, CdUnit.PacketBytes);
    }

    /// <summary>Opens the next DRQ block, or ends the command when all data are with the host.</summary>
    private void OfferBlock()
    {
        if (_t.Position == _t.Length && _t.SectorsLeft > 0)
        {
            FillBuffer();
        }

        if (_t.HasFailed)
        {
            CheckCondition(CdSense.UnreadableBlock);
            return;
        }

        long left = _t.Length - _t.Position + ((long)_t.SectorsLeft * CdUnit.BlockBytes);
        if (left == 0)
        {
            CompletePacket();
            return;
        }

        _t.BlockLeft = left <= _t.BlockSize ? (int)left : _t.BlockSize & ~1;
        _r.Cylinder = (ushort)_t.BlockLeft;
        _r.SectorCount = ReasonToHost;
        OpenBuffer();
        RaiseInterrupt();
    }

    /// <summary>Lets the host read what of its DRQ block is in the buffer.</summary>
    private void OpenBuffer()
    {
        int bytes = Math.Min(_t.BlockLeft, _t.Length - _t.Position);
        _t.BlockLeft -= bytes;
        _t.Stop = _t.Position + bytes;
        _t.Phase = IdePhase.DataIn;
        _r.Status = AtaStatus.Ready | AtaStatus.SeekComplete | AtaStatus.DataRequest;
    }

    /// <summary>Reads the next blocks. When the medium fails, zeros complete the DRQ block, whose length the host knows already.</summary>
    private void FillBuffer()
    {
        int blocks = Math.Min(_t.SectorsLeft, BlocksInBuffer);
        _t.Position = 0;
        _t.Length = blocks * CdUnit.BlockBytes;
        if (_t.HasFailed || !_unit.TryRead(_t.Sector, Buffer[.._t.Length]))
        {
            Buffer[.._t.Length].Clear();
            _t.HasFailed = true;
        }

        _t.Sector += blocks;
        _t.SectorsLeft -= blocks;
    }

    private void CompletePacket()
    {
        _r.SectorCount = ReasonToHost | ReasonCommand;
        Complete();
    }

    private void CheckCondition(CdSense sense)
    {
        _unit.Fail(sense);
        _r.SectorCount = ReasonToHost | ReasonCommand;
        AtaError aborted = sense.Key == CdSenseKey.IllegalRequest ? AtaError.Aborted : AtaError.None;
        Fail((AtaError)((int)sense.Key << 4) | aborted);
    }

    private void AbortWithSignature()
    {
        byte device = _r.Device;
        StoreSignature();
        _r.Device = device;
        Fail(AtaError.Aborted);
    }
}
