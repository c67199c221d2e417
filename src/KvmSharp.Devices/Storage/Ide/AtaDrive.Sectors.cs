namespace KvmSharp.Devices;

/// <summary>Commands that move or check sectors: the range asked for, the blocks, and where a command stopped.</summary>
public sealed partial class AtaDrive
{
    private void Read(int blockSectors, bool extended)
    {
        if (TryBegin(blockSectors, extended))
        {
            ReadBlock();
        }
    }

    private void Write(int blockSectors, bool extended)
    {
        if (TryBegin(blockSectors, extended) && TryBeginWrite())
        {
            AskForBlock();
        }
    }

    private void Dma(IdePhase phase, bool extended)
    {
        if (TryBegin(blockSectors: 1, extended) && (phase == IdePhase.DmaIn || TryBeginWrite()))
        {
            AskForDma(phase);
        }
    }

    /// <summary>Reads without giving the data away: a bad sector shows.</summary>
    private void Verify(bool extended)
    {
        if (!TryBegin(blockSectors: 1, extended))
        {
            return;
        }

        while (_t.SectorsLeft > 0)
        {
            int sectors = Math.Min(_t.SectorsLeft, IdeBuffer.Sectors);
            if (!TryDisk(_disk.Read(_t.Sector, Buffer[..(sectors * IDisk.SectorBytes)])))
            {
                return;
            }

            GoPast(sectors);
        }

        Complete();
    }

    /// <summary>Finds out what a command is about. It fails when the address names no sector or the last sector lies beyond the end.</summary>
    private bool TryBegin(int blockSectors, bool extended)
    {
        if (blockSectors == 0)
        {
            Fail(AtaError.Aborted); // MULTIPLE without SET MULTIPLE MODE
            return false;
        }

        int count = extended ? _r.SectorCount : (byte)_r.SectorCount;
        int all = extended ? 0x1_0000 : 0x100; // what a count of 0 means
        count = count == 0 ? all : count;
        if (!AtaAddress.TryRead(_r, _settings.Translation, extended, out long sector) || sector > _disk.SectorCount - count)
        {
            Fail(AtaError.IdNotFound);
            return false;
        }

        _t.Sector = sector;
        _t.SectorsLeft = count;
        _t.BlockSize = blockSectors;
        _t.IsExtended = extended;
        _settings.Power = AtaPowerMode.Active;
        return true;
    }

    private bool TryBeginWrite() => !_disk.IsReadOnly || TryDisk(DiskResult.ReadOnly, isWrite: true);

    private void ReadBlock()
    {
        int sectors = Math.Min(_t.BlockSize, _t.SectorsLeft);
        int bytes = sectors * IDisk.SectorBytes;
        if (TryDisk(_disk.Read(_t.Sector, Buffer[..bytes])))
        {
            GoPast(sectors);
            _t.Position = 0;
            OfferData(bytes);
        }
    }

    private void AskForBlock() => AskForData(IdePhase.DataOut, Math.Min(_t.BlockSize, _t.SectorsLeft) * IDisk.SectorBytes);

    private void CompleteWrite()
    {
        if (_settings.WriteCache || TryDisk(_disk.Flush(), isWrite: true))
        {
            Complete();
        }
    }

    /// <summary>The registers follow the transfer: the last sector done, and how many are left.</summary>
    private void GoPast(int sectors)
    {
        _t.Sector += sectors;
        _t.SectorsLeft -= sectors;
        if (sectors > 0)
        {
            StoreProgress(_t.Sector - 1);
        }
    }

    private void StoreProgress(long sector)
    {
        AtaAddress.Store(ref _r, _settings.Translation, _t.IsExtended, sector);
        _r.SectorCount = _t.IsExtended ? (ushort)_t.SectorsLeft : (byte)_t.SectorsLeft;
    }

    /// <summary>Ends the command when the host's disk did not do what was asked.</summary>
    private bool TryDisk(DiskResult result, bool isWrite = false)
    {
        if (result == DiskResult.Done)
        {
            return true;
        }

        if (_t.SectorsLeft > 0)
        {
            StoreProgress(_t.Sector);
        }

        switch (result)
        {
            case DiskResult.OutOfRange:
                Fail(AtaError.IdNotFound);
                break;
            case DiskResult.ReadOnly:
                Fail(AtaError.WriteProtected | AtaError.Aborted);
                break;
            case DiskResult.HostError when !isWrite:
                Fail(AtaError.Uncorrectable);
                break;
            default:
                Fail(AtaError.Aborted, AtaStatus.DeviceFault);
                break;
        }

        return false;
    }
}
