using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>A disk or CD that is named as IMAGE: our own firmware boots it, and it is never changed.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">The drive it goes into.</param>
internal sealed record PositionalDisk(string Path, BootDevice Kind)
{
    /// <summary>Looks at a file's first bytes.</summary>
    /// <param name="path">The file.</param>
    /// <param name="format">The format that was asked for; null finds it by the bytes.</param>
    /// <returns>The disk; null when the file is something else, or cannot be read, which its loader will tell.</returns>
    public static PositionalDisk? Find(string path, ImageFormat? format)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (!stream.CanSeek)
            {
                return null;
            }

            var head = new byte[ImageFormats.DiskHeadBytes];
            int length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            ImageFormat? found = format ?? ImageFormats.DetectDisk(head.AsSpan(0, length), stream.Length);
            return found is ImageFormat.Disk or ImageFormat.Iso && BootMedia.KindOf(found.Value, stream.Length) is { } kind ? new PositionalDisk(path, kind) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Puts the disk into a machine's options, as the first that is booted.</summary>
    /// <exception cref="ImageException">Its drive has an image already.</exception>
    public PcOptions Apply(PcOptions options)
    {
        DiskSpec spec = DiskSpec.NeverChanged(Path);
        PcOptions machine = options with { BootOrder = [Kind, .. options.BootOrder.Where(device => device != Kind)] };
        return Kind switch
        {
            BootDevice.Cdrom when options.Cdrom is not null => throw new ImageException($"{Path} and --cdrom are both for the CD-ROM drive: leave one out."),
            BootDevice.Cdrom => machine with { Cdrom = spec with { Format = DiskFormat.Raw, Writes = DiskWrites.Refused } },
            BootDevice.Floppy when options.Floppy is not null => throw new ImageException($"{Path} and --floppy are both for drive A: leave one out."),
            BootDevice.Floppy => machine with { Floppy = spec },
            _ => machine with { Disks = [new DiskAttachment(spec), .. options.Disks] },
        };
    }
}
