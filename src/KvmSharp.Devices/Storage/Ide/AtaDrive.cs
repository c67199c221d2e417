namespace KvmSharp.Devices;

/// <summary>An ATA hard disk.</summary>
/// <remarks>
/// What the host does with its disk shows as ATA errors: a failed read as UNC, a failed write or flush as device fault with ABRT, a write to
/// a read-only disk as WP with ABRT. After an error the address registers name the first sector that was not transferred.
/// Not modelled: SMART, security, host protected area (its size can be read), queued commands, READ and WRITE LONG, the sector buffer commands.
/// Source: ATA/ATAPI-6 (T13 1410D), "Command descriptions".
/// </remarks>
public sealed partial class AtaDrive : IdeDrive
{
    private readonly IDisk _disk;

    /// <summary>Makes a drive in its power-on state.</summary>
    /// <param name="disk">What it holds; 48-bit addresses reach all of it.</param>
    /// <param name="serial">The serial number that IDENTIFY DEVICE reports: up to 20 ASCII characters.</param>
    public AtaDrive(IDisk disk, string serial = "KS00000001")
    {
        ArgumentNullException.ThrowIfNull(disk);
        ArgumentNullException.ThrowIfNull(serial);
        _disk = disk;
        Serial = serial;
        PowerOn();
    }

    /// <summary>Gets the serial number.</summary>
    public string Serial { get; }

    internal override int PeekDma(Span<byte> chunk)
    {
        int bytes = DmaBytes(chunk.Length);
        return TryDisk(_disk.Read(_t.Sector, chunk[..bytes])) ? bytes : 0;
    }

    internal override void ConsumeDma(int bytes)
    {
        GoPast(bytes / IDisk.SectorBytes);
        if (_t.SectorsLeft == 0)
        {
            Complete();
        }
    }

    internal override int DmaBytes(int most) => Math.Min(most / IDisk.SectorBytes, _t.SectorsLeft) * IDisk.SectorBytes;

    internal override void WriteDma(ReadOnlySpan<byte> chunk)
    {
        if (!TryDisk(_disk.Write(_t.Sector, chunk), isWrite: true))
        {
            return;
        }

        GoPast(chunk.Length / IDisk.SectorBytes);
        if (_t.SectorsLeft == 0)
        {
            CompleteWrite();
        }
    }

    private protected override void StoreSignature()
    {
        _r.SectorCount = 1;
        _r.LbaLow = 1;
        _r.Status = AtaStatus.Ready | AtaStatus.SeekComplete;
    }

    private protected override void RevertSettings()
    {
        base.RevertSettings();
        _settings.Translation = AtaGeometry.Default(_disk.SectorCount);
    }

    private protected override void OnBufferRead()
    {
        if (_t.SectorsLeft == 0)
        {
            EndQuietly();
        }
        else
        {
            ReadBlock();
        }
    }

    private protected override void OnBufferWritten()
    {
        int sectors = _t.Stop / IDisk.SectorBytes;
        if (!TryDisk(_disk.Write(_t.Sector, Buffer[.._t.Stop]), isWrite: true))
        {
            return;
        }

        GoPast(sectors);
        if (_t.SectorsLeft == 0)
        {
            CompleteWrite();
        }
        else
        {
            AskForBlock();
            RaiseInterrupt();
        }
    }

    private protected override void Start(AtaCommand command)
    {
        switch (command)
        {
            case AtaCommand.ReadSectors or AtaCommand.ReadSectorsOnce:
                Read(blockSectors: 1, extended: false);
                break;
            case AtaCommand.ReadSectorsExt:
                Read(blockSectors: 1, extended: true);
                break;
            case AtaCommand.ReadMultiple:
                Read(_settings.MultipleCount, extended: false);
                break;
            case AtaCommand.ReadMultipleExt:
                Read(_settings.MultipleCount, extended: true);
                break;
            case AtaCommand.WriteSectors or AtaCommand.WriteSectorsOnce:
                Write(blockSectors: 1, extended: false);
                break;
            case AtaCommand.WriteSectorsExt:
                Write(blockSectors: 1, extended: true);
                break;
            case AtaCommand.WriteMultiple:
                Write(_settings.MultipleCount, extended: false);
                break;
            case AtaCommand.WriteMultipleExt:
                Write(_settings.MultipleCount, extended: true);
                break;
            case AtaCommand.ReadDma or AtaCommand.ReadDmaOnce:
                Dma(IdePhase.DmaIn, extended: false);
                break;
            case AtaCommand.ReadDmaExt:
                Dma(IdePhase.DmaIn, extended: true);
                break;
            case AtaCommand.WriteDma or AtaCommand.WriteDmaOnce:
                Dma(IdePhase.DmaOut, extended: false);
                break;
            case AtaCommand.WriteDmaExt:
                Dma(IdePhase.DmaOut, extended: true);
                break;
            case AtaCommand.ReadVerify or AtaCommand.ReadVerifyOnce:
                Verify(extended: false);
                break;
            case AtaCommand.ReadVerifyExt:
                Verify(extended: true);
                break;
            default:
                StartWithoutData(command);
                break;
        }
    }

    private void StartWithoutData(AtaCommand command)
    {
        switch (command)
        {
            case AtaCommand.IdentifyDevice:
                AtaIdentity.Write(Buffer, this, _disk.SectorCount, _settings);
                OfferData(IDisk.SectorBytes);
                break;
            case AtaCommand.SetFeatures:
                SetFeatures();
                break;
            case AtaCommand.SetMultipleMode:
                SetMultipleMode();
                break;
            case AtaCommand.InitializeParameters:
                InitializeParameters();
                break;
            case AtaCommand.ReadNativeMax:
                StoreLastSector(extended: false);
                break;
            case AtaCommand.ReadNativeMaxExt:
                StoreLastSector(extended: true);
                break;
            case AtaCommand.FlushCache or AtaCommand.FlushCacheExt:
                Flush();
                break;
            case AtaCommand.Standby or AtaCommand.StandbyImmediate or AtaCommand.OldStandby or AtaCommand.OldStandbyImmediate:
                EnterPowerMode(AtaPowerMode.Standby);
                break;
            case AtaCommand.Idle or AtaCommand.IdleImmediate or AtaCommand.OldIdle or AtaCommand.OldIdleImmediate:
                EnterPowerMode(AtaPowerMode.Active);
                break;
            case AtaCommand.Sleep or AtaCommand.OldSleep:
                EnterPowerMode(AtaPowerMode.Sleep);
                break;
            case AtaCommand.CheckPowerMode or AtaCommand.OldCheckPowerMode:
                CheckPowerMode();
                break;
            case >= AtaCommand.Recalibrate and <= AtaCommand.Recalibrate + 0xF:
                Complete();
                break;
            case >= AtaCommand.Seek and <= AtaCommand.Seek + 0xF:
                Seek();
                break;
            default:
                Fail(AtaError.Aborted);
                break;
        }
    }

    private void Flush()
    {
        if (TryDisk(_disk.Flush(), isWrite: true))
        {
            Complete();
        }
    }

    private void Seek()
    {
        if (AtaAddress.TryRead(_r, _settings.Translation, extended: false, out long sector) && sector < _disk.SectorCount)
        {
            Complete();
        }
        else
        {
            Fail(AtaError.IdNotFound);
        }
    }

    private void StoreLastSector(bool extended)
    {
        long last = _disk.SectorCount - 1;
        AtaAddress.Store(ref _r, _settings.Translation, extended, extended ? last : Math.Min(last, AtaAddress.Last28));
        Complete();
    }

    private void SetMultipleMode()
    {
        var count = (byte)_r.SectorCount;
        if (count > IdeBuffer.Sectors || (count & (count - 1)) != 0)
        {
            Fail(AtaError.Aborted); // only powers of two
            return;
        }

        _settings.MultipleCount = count; // 0 disables
        Complete();
    }

    private void InitializeParameters()
    {
        var sectors = (byte)_r.SectorCount;
        if (sectors == 0)
        {
            Fail(AtaError.Aborted);
            return;
        }

        var heads = (byte)((_r.Device & AtaDevice.AddressBits) + 1);
        _settings.Translation = AtaGeometry.WithCylinders(_disk.SectorCount, heads, sectors);
        Complete();
    }

    private void SetFeatures()
    {
        switch ((AtaFeature)_r.Features)
        {
            case AtaFeature.SetTransferMode:
                SetTransferMode();
                return;
            case AtaFeature.EnableWriteCache:
                _settings.WriteCache = true;
                break;
            case AtaFeature.DisableWriteCache:
                _settings.WriteCache = false;
                Flush(); // what the cache held is on the medium when it is off
                return;
            case AtaFeature.KeepSettings:
                _settings.KeepsSettings = true;
                break;
            case AtaFeature.RevertSettings:
                _settings.KeepsSettings = false;
                break;
            case AtaFeature.EnableLookAhead or AtaFeature.DisableLookAhead:
                break;
            default:
                Fail(AtaError.Aborted);
                return;
        }

        Complete();
    }
}
