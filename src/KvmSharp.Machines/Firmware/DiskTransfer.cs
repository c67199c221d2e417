using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Moves sectors between a drive and guest memory in pieces, so that no request makes the host allocate.</summary>
internal sealed class DiskTransfer(FirmwareBus bus)
{
    private const byte FormatFiller = 0xF6;

    private readonly byte[] _piece = new byte[32 * 1024]; // a multiple of both sector sizes

    /// <summary>Reads, writes or verifies.</summary>
    /// <param name="drive">The drive.</param>
    /// <param name="operation">What to do.</param>
    /// <param name="first">The first sector, of the drive's own size.</param>
    /// <param name="count">How many.</param>
    /// <param name="address">The physical address of the caller's buffer.</param>
    /// <param name="moved">How many sectors were moved before an error.</param>
    /// <returns>How it went.</returns>
    public DiskStatus Move(BiosDrive drive, DiskOperation operation, long first, int count, uint address, out int moved)
    {
        moved = 0;
        if (operation == DiskOperation.Write && (drive.Kind == DriveKind.Cdrom || drive.Disk.IsReadOnly))
        {
            return DiskStatus.WriteProtected;
        }

        int size = drive.SectorBytes;
        long unit = size / IDisk.SectorBytes;
        while (moved < count)
        {
            long sector = first + moved;
            int wanted = Math.Min(count - moved, _piece.Length / size);
            int sectors = (int)Math.Clamp(drive.SectorCount - sector, 0, wanted);
            if (sectors == 0)
            {
                return DiskStatus.NotFound;
            }

            DiskStatus status = MovePiece(drive.Disk, operation, sector * unit, _piece.AsSpan(0, sectors * size), address);
            if (status != DiskStatus.Done)
            {
                return status;
            }

            moved += sectors;
            address += (uint)(sectors * size);
        }

        return DiskStatus.Done;
    }

    /// <summary>Writes a track as formatting leaves it.</summary>
    public DiskStatus Fill(BiosDrive drive, long first, int count)
    {
        Span<byte> track = _piece.AsSpan(0, count * IDisk.SectorBytes);
        track.Fill(FormatFiller);
        return StatusOf(drive.Disk.Write(first, track), DiskOperation.Write);
    }

    private static DiskStatus StatusOf(DiskResult result, DiskOperation operation) => result switch
    {
        DiskResult.Done => DiskStatus.Done,
        DiskResult.ReadOnly => DiskStatus.WriteProtected,
        DiskResult.OutOfRange => DiskStatus.NotFound,
        _ => operation == DiskOperation.Write ? DiskStatus.WriteFault : DiskStatus.DataError,
    };

    private DiskStatus MovePiece(IDisk disk, DiskOperation operation, long sector, Span<byte> piece, uint address)
    {
        if (operation == DiskOperation.Write)
        {
            return bus.TryRead(address, piece) ? StatusOf(disk.Write(sector, piece), operation) : DiskStatus.DmaOverrun;
        }

        DiskStatus status = StatusOf(disk.Read(sector, piece), operation);
        return status == DiskStatus.Done && operation == DiskOperation.Read && !bus.TryWrite(address, piece) ? DiskStatus.DmaOverrun : status;
    }
}

/// <summary>What is done with sectors.</summary>
internal enum DiskOperation
{
    /// <summary>To memory.</summary>
    Read,

    /// <summary>From memory.</summary>
    Write,

    /// <summary>Whether they can be read.</summary>
    Verify,
}
