namespace KvmSharp.Devices;

/// <summary>The execution phase of the floppy commands that touch the medium: one sector after the other, by DMA or by the host.</summary>
/// <remarks>
/// Without DMA nobody can drive TC, so a transfer by the host ends behind the last sector of the track (EOT) with "end of cylinder".
/// Source: Intel 82077AA data sheet, "Data transfer commands" and its result phase tables.
/// </remarks>
internal sealed class FloppyTransfer(FloppyController controller, DmaChannel dma)
{
    private const byte Size512 = 2;
    private const int AddressBytes = 4; // C, H, R and N, which FORMAT TRACK takes for each sector
    private const byte MultiTrack = 0x80;

    private readonly byte[] _sector = new byte[IDisk.SectorBytes];
    private FloppyTransferState _t;

    private bool IsRead => controller.Operation == FloppyCommand.ReadData;

    private bool IsFormat => controller.Operation == FloppyCommand.FormatTrack;

    private Span<byte> Data => _sector.AsSpan(0, IsFormat ? AddressBytes : IDisk.SectorBytes);

    public FloppyTransferState State
    {
        get => _t;
        set => _t = value;
    }

    public Span<byte> Sector => _sector;

    /// <summary>READ DATA and WRITE DATA: command bytes 2 to 6 are C, H, R, N and EOT.</summary>
    public void BeginSectors(ReadOnlySpan<byte> command)
    {
        _t = new FloppyTransferState { Cylinder = command[2], Head = command[3], Number = command[4], Size = command[5] };
        if (controller.SeeksFirst)
        {
            controller.SelectedDrive?.StepTo(_t.Cylinder);
        }

        if (!IsReady(isWrite: !IsRead))
        {
            return;
        }

        if (_t.Head != controller.SelectedHead || _t.Size != Size512)
        {
            Fail(FloppyStatus1.NoData);
            return;
        }

        Run();
    }

    /// <summary>FORMAT TRACK: command bytes 2 and 3 are N and the number of sectors.</summary>
    public void BeginFormat(ReadOnlySpan<byte> command)
    {
        _t = new FloppyTransferState { Size = command[2], SectorsLeft = command[3] };
        if (!IsReady(isWrite: true))
        {
            return;
        }

        if (_t.SectorsLeft == 0)
        {
            controller.EndTransfer(FloppyStatus0.None);
            return;
        }

        Run();
    }

    /// <summary>READ ID: the address of the first sector that comes by, which is always number 1 here.</summary>
    public void ReadId()
    {
        _t = new FloppyTransferState { Head = controller.SelectedHead, Number = 1, Size = Size512 };
        if (!IsReady(isWrite: false))
        {
            return;
        }

        FloppyDrive drive = controller.SelectedDrive!;
        _t.Cylinder = (byte)drive.Cylinder;
        if (drive.TryLocate(_t.Head, _t.Number, out _))
        {
            controller.EndTransfer(FloppyStatus0.None);
        }
        else
        {
            Fail(FloppyStatus1.MissingAddressMark);
        }
    }

    public byte ReadByte()
    {
        byte value = _sector[_t.Position++];
        if (_t.Position == IDisk.SectorBytes && GoOn(isLast: false))
        {
            OpenToHost();
        }

        return value;
    }

    public void WriteByte(byte value)
    {
        _sector[_t.Position++] = value;
        if (_t.Position == Data.Length && TryStore() && GoOn(isLast: false))
        {
            OpenToHost();
        }
    }

    private void Run()
    {
        if (!controller.UsesDma)
        {
            OpenToHost();
            return;
        }

        while (TryTransferByDma())
        {
        }
    }

    private bool TryTransferByDma()
    {
        int moved;
        bool terminalCount;
        if (IsRead)
        {
            if (!TryFetch())
            {
                return false;
            }

            moved = dma.ToMemory(_sector, out terminalCount);
        }
        else
        {
            moved = dma.FromMemory(Data, out terminalCount);
        }

        if (moved == 0)
        {
            Fail(FloppyStatus1.Overrun);
            return false;
        }

        Data[moved..].Clear(); // TC came within a sector: the rest of it is zeros
        return (IsRead || TryStore()) && GoOn(terminalCount);
    }

    private void OpenToHost()
    {
        if (!IsRead || TryFetch())
        {
            _t.Position = 0;
            controller.OpenFifo(IsRead ? FloppyPhase.DataIn : FloppyPhase.DataOut);
        }
    }

    private bool TryFetch() => TryLocate(_t.Head, _t.Number, out FloppyDrive drive, out long sector)
        && TryDisk(drive.Medium!.Read(sector, _sector), FloppyStatus0.None);

    private bool TryStore()
    {
        if (IsFormat)
        {
            ReadOnlySpan<byte> address = Data;
            (_t.Cylinder, _t.Head, _t.Number, _t.Size) = (address[0], address[1], address[2], address[3]);
            if (_t.Size != Size512 || _t.Head != controller.SelectedHead)
            {
                Fail(FloppyStatus1.NoData); // an image cannot hold such a sector
                return false;
            }
        }

        if (!TryLocate(_t.Head, _t.Number, out FloppyDrive drive, out long sector))
        {
            return false;
        }

        if (IsFormat)
        {
            Array.Fill(_sector, controller.FormatFiller);
        }

        return TryDisk(drive.Medium!.Write(sector, _sector), FloppyStatus0.EquipmentCheck);
    }

    private bool TryLocate(int head, int number, out FloppyDrive drive, out long sector)
    {
        drive = controller.SelectedDrive!;
        sector = 0;
        if (drive is null || _t.Cylinder != drive.Cylinder)
        {
            controller.EndTransfer(FloppyStatus0.Abnormal, FloppyStatus1.NoData, FloppyStatus2.WrongCylinder);
            return false;
        }

        if (!drive.TryLocate(head, number, out sector))
        {
            Fail(FloppyStatus1.NoData);
            return false;
        }

        return true;
    }

    /// <summary>A host that fails shows as damaged data in a read, and as a faulty drive in a write.</summary>
    private bool TryDisk(DiskResult result, FloppyStatus0 fault)
    {
        switch (result)
        {
            case DiskResult.Done:
                return true;
            case DiskResult.ReadOnly:
                Fail(FloppyStatus1.NotWritable);
                return false;
            case DiskResult.OutOfRange:
                Fail(FloppyStatus1.NoData);
                return false;
            default:
                controller.EndTransfer(FloppyStatus0.Abnormal | fault, FloppyStatus1.DataError, FloppyStatus2.DataErrorInData);
                return false;
        }
    }

    /// <summary>Goes on to the next sector's address, which the result shows too.</summary>
    /// <returns><see langword="false"/> when the command has ended.</returns>
    private bool GoOn(bool isLast)
    {
        if (IsFormat)
        {
            _t.SectorsLeft--;
            isLast |= _t.SectorsLeft == 0;
        }
        else if (!GoPastSector() && !isLast)
        {
            Fail(FloppyStatus1.EndOfCylinder);
            return false;
        }

        if (isLast)
        {
            controller.EndTransfer(FloppyStatus0.None);
        }

        return !isLast;
    }

    /// <summary>Steps the address on: to the other side behind the last sector in a multi-track command, else to the next cylinder.</summary>
    /// <returns>Whether the command reaches that sector.</returns>
    private bool GoPastSector()
    {
        if (_t.Number != controller.EndOfTrack)
        {
            _t.Number++;
            return true;
        }

        bool isMultiTrack = (controller.CommandBits & MultiTrack) != 0;
        bool flips = isMultiTrack && _t.Head == 0;
        _t.Number = 1;
        _t.Head = flips ? (byte)1 : isMultiTrack ? (byte)0 : _t.Head;
        _t.Cylinder += flips ? (byte)0 : (byte)1;
        return flips;
    }

    private bool IsReady(bool isWrite)
    {
        FloppyDrive? drive = controller.SelectedDrive;
        if (drive?.Medium is null || !drive.Format.IsReadAt(controller.DataRate))
        {
            Fail(FloppyStatus1.MissingAddressMark);
            return false;
        }

        if (isWrite && drive.Medium.IsReadOnly)
        {
            Fail(FloppyStatus1.NotWritable);
            return false;
        }

        return true;
    }

    private void Fail(FloppyStatus1 status) => controller.EndTransfer(FloppyStatus0.Abnormal, status);
}
