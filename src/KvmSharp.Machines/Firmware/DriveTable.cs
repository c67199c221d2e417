using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>The drives by their BIOS numbers: floppies from 00h, hard disks from 80h, CD-ROMs from E0h.</summary>
/// <remarks>While a disc emulates a floppy or a hard disk, that drive comes first and the real ones of its kind move up by one (El Torito, "INT 13 Function 4B").</remarks>
internal sealed class DriveTable
{
    /// <summary>The first hard disk.</summary>
    public const byte FirstDisk = PcLayout.FirstHardDisk;

    /// <summary>The first CD-ROM.</summary>
    public const byte FirstCdrom = 0xE0;

    private const int LargestFloppies = 2;
    private const int LargestDisks = 16;

    private readonly FirmwareParts _parts;
    private readonly byte[] _scratch = new byte[IDisk.SectorBytes];
    private readonly DiskGeometry?[] _geometries = new DiskGeometry?[LargestDisks]; // as found since power-on

    public DriveTable(FirmwareParts parts, FirmwareBus bus, DataAreas data)
    {
        _parts = parts;
        Emulation = new DiscEmulation(bus, data);
    }

    /// <summary>Gets what was booted from a disc as if from another drive.</summary>
    public DiscEmulation Emulation { get; }

    /// <summary>Gets how many floppy drives there are.</summary>
    public int Floppies => Math.Min(_parts.Floppies.Count, LargestFloppies);

    /// <summary>Gets how many hard disks there are, without an emulated one.</summary>
    public int Disks => Math.Min(_parts.Disks.Count, LargestDisks);

    /// <summary>Looks at the disks anew, as power-on does: a guest that partitions a disk meets its new geometry after a restart.</summary>
    public void Rescan() => Array.Clear(_geometries);

    /// <summary>Finds a drive.</summary>
    /// <param name="number">Its number, as in DL.</param>
    /// <returns>The drive; null when there is none.</returns>
    public BiosDrive? Find(byte number)
    {
        if (number >= FirstCdrom)
        {
            return At(_parts.Cdroms, number - FirstCdrom, LargestDisks) is { } disc ? new BiosDrive(number, DriveKind.Cdrom, disc, default) : null;
        }

        bool isDisk = number >= FirstDisk;
        int index = isDisk ? number - FirstDisk : number;
        if (Emulation.Drive is { } emulated && (emulated >= FirstDisk) == isDisk)
        {
            if (index == 0)
            {
                return FindEmulated(number);
            }

            index--;
        }

        if (isDisk)
        {
            return At(_parts.Disks, index, LargestDisks) is { } disk
                ? new BiosDrive(number, DriveKind.HardDisk, disk, _geometries[index] ??= DiskGeometry.OfDisk(disk, _scratch))
                : null;
        }

        return At(_parts.Floppies, index, LargestFloppies) is { } floppy ? MakeFloppy(number, floppy) : null;
    }

    /// <summary>Writes the geometries found since power-on, which a guest that partitions a disk meanwhile does not change.</summary>
    /// <param name="fields">Where to.</param>
    public void Save(BinaryWriter fields)
    {
        foreach (DiskGeometry? geometry in _geometries)
        {
            fields.Write(geometry?.Cylinders ?? 0);
            fields.Write(geometry?.Heads ?? 0);
            fields.Write(geometry?.Sectors ?? 0);
        }
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="fields">Where from.</param>
    public void Load(BinaryReader fields)
    {
        for (int disk = 0; disk < _geometries.Length; disk++)
        {
            var geometry = new DiskGeometry(fields.ReadInt32(), fields.ReadInt32(), fields.ReadInt32());
            _geometries[disk] = geometry is { Cylinders: > 0, Heads: > 0, Sectors: > 0 } ? geometry : null;
        }
    }

    private static IDisk? At(IReadOnlyList<IDisk> disks, int index, int limit) => index < Math.Min(disks.Count, limit) ? disks[index] : null;

    private static BiosDrive MakeFloppy(byte number, IDisk disk)
    {
        (DiskGeometry geometry, byte type) = DiskGeometry.OfFloppy(disk.SectorCount);
        return new BiosDrive(number, DriveKind.Floppy, disk, geometry) { FloppyType = type };
    }

    private BiosDrive? FindEmulated(byte number)
    {
        if (At(_parts.Cdroms, Emulation.Disc, LargestDisks) is not { } disc)
        {
            return null;
        }

        var image = new DiscImage(disc, Emulation.FirstSector, Emulation.SectorCount(disc));
        return number < FirstDisk
            ? MakeFloppy(number, image)
            : new BiosDrive(number, DriveKind.HardDisk, image, DiskGeometry.OfDisk(image, _scratch));
    }
}

/// <summary>A drive as INT 13h knows it.</summary>
/// <param name="Number">As in DL.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Disk">Its medium.</param>
/// <param name="Geometry">Its geometry; none for a CD-ROM.</param>
internal sealed record BiosDrive(byte Number, DriveKind Kind, IDisk Disk, DiskGeometry Geometry)
{
    /// <summary>Gets a floppy drive's type, as CMOS has it.</summary>
    public byte FloppyType { get; init; }

    /// <summary>Gets the bytes of a sector as the services count them.</summary>
    public int SectorBytes => Kind == DriveKind.Cdrom ? DiscImage.BlockBytes : IDisk.SectorBytes;

    /// <summary>Gets the number of sectors as the services count them.</summary>
    public long SectorCount => Disk.SectorCount / (SectorBytes / IDisk.SectorBytes);
}

/// <summary>Kinds of drive.</summary>
internal enum DriveKind
{
    /// <summary>A floppy drive.</summary>
    Floppy,

    /// <summary>A hard disk.</summary>
    HardDisk,

    /// <summary>A CD-ROM drive, whose sectors have 2048 bytes.</summary>
    Cdrom,
}
