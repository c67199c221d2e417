using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>Disks that an embedder has made itself; they come before those of <see cref="PcOptions.Disks"/>.</summary>
public sealed record BootMedia
{
    /// <summary>Gets the floppies; the first one is in drive A.</summary>
    public IReadOnlyList<IDisk> Floppies { get; init; } = [];

    /// <summary>Gets the hard disks on IDE.</summary>
    public IReadOnlyList<IDisk> Disks { get; init; } = [];

    /// <summary>Gets the discs; the first one is in the CD-ROM drive.</summary>
    public IReadOnlyList<IDisk> Cdroms { get; init; } = [];

    /// <summary>Adds an image that is in memory: what the guest writes to it is thrown away.</summary>
    /// <param name="device">What kind of disk it is.</param>
    /// <param name="image">The image.</param>
    /// <returns>The media with the image as the first of its kind.</returns>
    public BootMedia With(BootDevice device, ReadOnlySpan<byte> image) => device switch
    {
        BootDevice.Cdrom => this with { Cdroms = [new MemoryDisk(image, readOnly: true), .. Cdroms] },
        BootDevice.Floppy => this with { Floppies = [new MemoryDisk(image), .. Floppies] },
        _ => this with { Disks = [new MemoryDisk(image), .. Disks] },
    };

    /// <summary>Tells what kind of disk an image is: one of exactly a floppy's size is a floppy.</summary>
    /// <param name="format">The image's format.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <returns>The kind; <see langword="null"/> when the format is no disk's.</returns>
    public static BootDevice? KindOf(ImageFormat format, long length) => format switch
    {
        ImageFormat.Iso => BootDevice.Cdrom,
        ImageFormat.Disk when length % IDisk.SectorBytes == 0 && DiskGeometry.IsFloppy(length / IDisk.SectorBytes) => BootDevice.Floppy,
        ImageFormat.Disk or ImageFormat.BootSector => BootDevice.Disk,
        _ => null,
    };
}
