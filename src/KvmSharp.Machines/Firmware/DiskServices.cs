namespace KvmSharp.Machines;

/// <summary>INT 13h: floppies and hard disks by cylinder, head and sector. The extensions are <see cref="DiskExtensions"/>.</summary>
/// <remarks>A request is done when the service returns: disks need no virtual time here, as they do behind a controller.</remarks>
internal sealed class DiskServices
{
    private readonly FirmwareBus _bus;
    private readonly DriveTable _drives;
    private readonly DiskTransfer _transfer;
    private readonly DiskExtensions _extensions;

    public DiskServices(FirmwareBus bus, DriveTable drives)
    {
        _bus = bus;
        _drives = drives;
        _transfer = new DiskTransfer(bus);
        _extensions = new DiskExtensions(bus, drives, _transfer);
    }

    public void Serve(CpuFrame frame)
    {
        byte number = frame.Dl;
        DiskStatus status = ServeDrive(frame, _drives.Find(number));
        uint place = number < DriveTable.FirstDisk ? BiosData.FloppyStatus : BiosData.DiskStatus;
        if (status is not DiskStatus.Answered)
        {
            _bus.WriteByte(place, (byte)status);
            frame.Ah = (byte)status;
            frame.Carry = status != DiskStatus.Done;
        }
    }

    private DiskStatus ServeDrive(CpuFrame frame, BiosDrive? drive)
    {
        switch (frame.Ah)
        {
            case 0x01:
                frame.Ah = _bus.ReadByte(frame.Dl < DriveTable.FirstDisk ? BiosData.FloppyStatus : BiosData.DiskStatus);
                frame.Carry = frame.Ah != 0;
                return DiskStatus.Answered;
            case 0x15:
                return AnswerType(frame, drive);
            case 0x08 when drive is null && frame.Dl < DriveTable.FirstDisk:
                (frame.Ax, frame.Bx, frame.Cx) = (0, 0, 0); // no such floppy drive is no error for function 08h
                frame.Dx = (ushort)_drives.Floppies;
                return DiskStatus.Done;
            case 0x4B:
                return _extensions.ServeEmulation(frame);
            default:
                break;
        }

        if (drive is null)
        {
            return frame.Ah == 0x00 ? DiskStatus.Done : DiskStatus.BadCommand; // a reset of all drives works without any
        }

        if (frame.Ah >= DiskExtensions.FirstFunction)
        {
            return _extensions.Serve(frame, drive);
        }

        return drive.Kind == DriveKind.Cdrom ? DiskStatus.BadCommand : ServeTracks(frame, drive);
    }

    private DiskStatus ServeTracks(CpuFrame frame, BiosDrive drive)
    {
        switch (frame.Ah)
        {
            case 0x00 or 0x0D: // reset
            case 0x09 or 0x0C or 0x10 or 0x11 or 0x14: // set parameters, seek, ready, recalibrate, diagnose
                return DiskStatus.Done;
            case 0x02:
                return Move(frame, drive, DiskOperation.Read);
            case 0x03:
                return Move(frame, drive, DiskOperation.Write);
            case 0x04:
                return Move(frame, drive, DiskOperation.Verify);
            case 0x05:
                return FormatTrack(frame, drive);
            case 0x08:
                return DescribeDrive(frame, drive);
            case 0x16 when drive.Kind == DriveKind.Floppy:
            case 0x17 or 0x18 when drive.Kind == DriveKind.Floppy:
                return SetMedia(frame);
            default:
                return DiskStatus.BadCommand;
        }
    }

    // CH and the upper bits of CL: cylinder; the rest of CL: sector; DH: head.
    private static long? Address(CpuFrame frame, BiosDrive drive) =>
        drive.Geometry.Sector(frame.Ch | ((frame.Cl & 0xC0) << 2), frame.Dh, frame.Cl & 0x3F);

    private DiskStatus Move(CpuFrame frame, BiosDrive drive, DiskOperation operation)
    {
        int count = frame.Al;
        frame.Al = 0;
        if (count == 0)
        {
            return DiskStatus.BadCommand;
        }

        if (Address(frame, drive) is not { } sector || sector >= drive.SectorCount)
        {
            return DiskStatus.NotFound;
        }

        DiskStatus status = _transfer.Move(drive, operation, sector, count, frame.EsBx.Linear, out int moved);
        frame.Al = (byte)moved;
        return status;
    }

    // A floppy's track gets F6h everywhere; formatting a hard disk is no business of a program.
    private DiskStatus FormatTrack(CpuFrame frame, BiosDrive drive)
    {
        if (drive.Kind != DriveKind.Floppy)
        {
            return DiskStatus.BadCommand;
        }

        return drive.Geometry.Sector(frame.Ch, frame.Dh, 1) is { } first && first + drive.Geometry.Sectors <= drive.SectorCount
            ? _transfer.Fill(drive, first, drive.Geometry.Sectors)
            : DiskStatus.NotFound;
    }

    private DiskStatus DescribeDrive(CpuFrame frame, BiosDrive drive)
    {
        DiskGeometry geometry = drive.Geometry;
        int lastCylinder = geometry.Cylinders - 1;
        frame.Ch = (byte)lastCylinder;
        frame.Cl = (byte)(geometry.Sectors | ((lastCylinder >> 2) & 0xC0));
        frame.Dh = (byte)(geometry.Heads - 1);
        frame.Al = 0;
        bool floppy = drive.Kind == DriveKind.Floppy;
        int emulated = _drives.Emulation.Drive is { } number && number < DriveTable.FirstDisk == floppy ? 1 : 0;
        frame.Dl = (byte)(emulated + (floppy ? _drives.Floppies : _drives.Disks));
        if (floppy)
        {
            FarPointer table = FirmwareRom.Entry(0x1E)!.Value;
            frame.Bx = drive.FloppyType;
            frame.Es = table.Segment;
            frame.Di = table.Offset;
        }

        return DiskStatus.Done;
    }

    private static DiskStatus AnswerType(CpuFrame frame, BiosDrive? drive)
    {
        const byte None = 0;
        const byte FloppyWithChangeLine = 2;
        const byte HardDisk = 3;
        frame.Ah = drive?.Kind switch
        {
            DriveKind.Floppy => FloppyWithChangeLine,
            DriveKind.HardDisk => HardDisk,
            _ => None,
        };
        if (frame.Ah == HardDisk)
        {
            uint sectors = (uint)Math.Min(drive!.SectorCount, uint.MaxValue);
            frame.Cx = (ushort)(sectors >> 16);
            frame.Dx = (ushort)sectors;
        }

        frame.Carry = false;
        return DiskStatus.Answered;
    }

    private static DiskStatus SetMedia(CpuFrame frame)
    {
        if (frame.Ah == 0x18)
        {
            FarPointer table = FirmwareRom.Entry(0x1E)!.Value;
            frame.Es = table.Segment;
            frame.Di = table.Offset;
        }

        return DiskStatus.Done; // the medium is never changed while a machine runs
    }
}

/// <summary>What INT 13h returns in AH.</summary>
internal enum DiskStatus : byte
{
    Done = 0x00,
    BadCommand = 0x01,
    WriteProtected = 0x03,
    NotFound = 0x04,
    DmaOverrun = 0x08,
    DataError = 0x10,
    WriteFault = 0xCC,

    /// <summary>The service has set AH and CF itself.</summary>
    Answered = 0xFF,
}
