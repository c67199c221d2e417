using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Cylinders, heads and sectors that INT 13h shows for a drive.</summary>
/// <param name="Cylinders">At least 1, at most 1024.</param>
/// <param name="Heads">1 to 255.</param>
/// <param name="Sectors">On a track, 1 to 63.</param>
internal readonly record struct DiskGeometry(int Cylinders, int Heads, int Sectors)
{
    private const int LargestCylinders = 1024;
    private const int FullTrack = 63;
    private const int FirstPartition = 446;
    private const int PartitionBytes = 16;

    // Sectors in all -> cylinders, heads, sectors; the drive's type in CMOS and INT 13h/08h.
    private static readonly (int Total, DiskGeometry Geometry, byte Type)[] FloppyFormats =
    [
        (320, new(40, 1, 8), 1), (360, new(40, 1, 9), 1), (640, new(40, 2, 8), 1), (720, new(40, 2, 9), 1),
        (1440, new(80, 2, 9), 3), (2400, new(80, 2, 15), 2), (2880, new(80, 2, 18), 4), (3360, new(80, 2, 21), 4), (5760, new(80, 2, 36), 5),
    ];

    /// <summary>Tells whether a size is that of a floppy.</summary>
    public static bool IsFloppy(long sectors) => Array.Exists(FloppyFormats, f => f.Total == sectors);

    /// <summary>Gets a floppy's geometry and its drive's type; other sizes are taken for 1.44 MB, as much as there is of it.</summary>
    public static (DiskGeometry Geometry, byte Type) OfFloppy(long sectors)
    {
        foreach ((int total, DiskGeometry geometry, byte type) in FloppyFormats)
        {
            if (total == sectors)
            {
                return (geometry, type);
            }
        }

        return (new DiskGeometry(80, 2, 18), 4);
    }

    /// <summary>Gets a hard disk's geometry: the one its partition table was made with, or the usual translation by size.</summary>
    /// <remarks>The end of a partition that ends with a cylinder tells heads and sectors. Else heads double until 1024 cylinders hold the disk ("LBA assist").</remarks>
    public static DiskGeometry OfDisk(IDisk disk, Span<byte> scratch)
    {
        Span<byte> sector = scratch[..IDisk.SectorBytes];
        long total = disk.SectorCount;
        int heads = total switch
        {
            <= 16L * FullTrack * LargestCylinders => 16,
            <= 32L * FullTrack * LargestCylinders => 32,
            <= 64L * FullTrack * LargestCylinders => 64,
            <= 128L * FullTrack * LargestCylinders => 128,
            _ => 255,
        };
        int sectors = FullTrack;
        if (disk.Read(0, sector) == DiskResult.Done && LittleEndian.UInt16(sector, 510) == 0xAA55)
        {
            for (int entry = FirstPartition; entry < FirstPartition + (4 * PartitionBytes); entry += PartitionBytes)
            {
                byte endHead = sector[entry + 5];
                int endSector = sector[entry + 6] & 0x3F;
                bool isInUse = sector[entry + 4] != 0 && (sector[entry] & 0x7F) == 0;
                uint end = LittleEndian.UInt32(sector, entry + 8) + LittleEndian.UInt32(sector, entry + 12);
                if (isInUse && endHead is > 0 and < 255 && endSector > 0 && end % (uint)((endHead + 1) * endSector) == 0)
                {
                    (heads, sectors) = (endHead + 1, endSector);
                    break;
                }
            }
        }

        return new DiskGeometry((int)Math.Clamp(total / ((long)heads * sectors), 1, LargestCylinders), heads, sectors);
    }

    /// <summary>Finds the sector at an address; null when there is no such track or sector.</summary>
    public long? Sector(int cylinder, int head, int sector) =>
        sector >= 1 && sector <= Sectors && head < Heads && cylinder < LargestCylinders
            ? (((long)cylinder * Heads) + head) * Sectors + sector - 1
            : null;
}
