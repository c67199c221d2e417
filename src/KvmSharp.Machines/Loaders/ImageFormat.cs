namespace KvmSharp.Machines;

/// <summary>The kinds of image that can be booted.</summary>
public enum ImageFormat
{
    /// <summary>Bytes without any header, for an address that the user names.</summary>
    Flat,

    /// <summary>One sector of 512 bytes that ends in 55h AAh.</summary>
    BootSector,

    /// <summary>A 32-bit ELF executable without a multiboot header.</summary>
    Elf,

    /// <summary>An image with a multiboot 1 header, as ELF or with the addresses in that header (the "a.out kludge").</summary>
    Multiboot,

    /// <summary>A Linux kernel as its build makes it for boot loaders: a bzImage.</summary>
    Linux,

    /// <summary>An image with a multiboot 2 header.</summary>
    Multiboot2,

    /// <summary>An ELF kernel with a note that names its PVH entry, such as Linux's vmlinux.</summary>
    Pvh,

    /// <summary>A firmware ROM, which starts where the processor does.</summary>
    Firmware,

    /// <summary>A disk or floppy, sector by sector: the firmware boots its first sector.</summary>
    Disk,

    /// <summary>A CD-ROM: the firmware boots what its boot catalogue names.</summary>
    Iso,
}

/// <summary>Tells what an image is by its bytes.</summary>
public static class ImageFormats
{
    private const int IsoVolume = (16 * 2048) + 1; // the first volume descriptor, behind its type. ECMA-119, "Volume Descriptor"

    /// <summary>The bytes that <see cref="DetectDisk"/> looks at.</summary>
    public const int DiskHeadBytes = IsoVolume + 5;

    private static ReadOnlySpan<byte> IsoIdentifier => "CD001"u8;

    private static ReadOnlySpan<byte> Qcow2Magic => [(byte)'Q', (byte)'F', (byte)'I', 0xFB];

    /// <summary>Finds the format of an image.</summary>
    /// <remarks>
    /// In this order: a CD-ROM, a Linux kernel, a larger image that begins with a boot sector and is no ELF file, multiboot 1 and 2 (a header
    /// in an ELF file, or one with addresses), ELF with a PVH note, plain ELF, a boot sector alone, and flat when it fits the conventional
    /// memory above 7C00h. So a boot sector with a multiboot header is multiboot, and a disk whose first file is a kernel is a disk.
    /// </remarks>
    /// <param name="image">The whole file.</param>
    /// <returns>The format; the loader of that format may still refuse the image.</returns>
    /// <exception cref="ImageException">It is none of these.</exception>
    public static ImageFormat Detect(ReadOnlySpan<byte> image)
    {
        if (DetectDisk(image, image.Length) is { } disk)
        {
            return disk;
        }

        if (LinuxSetupHeader.HasMagic(image))
        {
            return ImageFormat.Linux;
        }

        bool elf = ElfImage.HasMagic(image);
        if (MultibootHeader.TryFind(image, out MultibootHeader header) && (elf || header.HasAddresses))
        {
            return ImageFormat.Multiboot;
        }

        if (Multiboot2Header.TryFind(image, out Multiboot2Header? second) && (elf || second.Addresses is not null))
        {
            return ImageFormat.Multiboot2;
        }

        if (elf)
        {
            return PvhImage.HasNote(image) ? ImageFormat.Pvh : ImageFormat.Elf;
        }

        if (BootSector.HasSignature(image))
        {
            return ImageFormat.BootSector;
        }

        return image.Length <= FlatImage.LargestDetected
            ? ImageFormat.Flat
            : throw new ImageException(
                $"The image of {image.Length} bytes is no Linux kernel, no ELF file, no multiboot image and no boot sector, and as a flat binary it is larger than the "
                + $"{FlatImage.LargestDetected} bytes of conventional memory above 7C00h: name its format, such as disk, or a flat binary's load address.");
    }

    /// <summary>Tells whether an image is a disk or a CD-ROM by its first bytes, without reading it whole.</summary>
    /// <param name="head">The first <see cref="DiskHeadBytes"/> bytes, or all of a shorter image.</param>
    /// <param name="length">The image's length in bytes.</param>
    /// <returns><see cref="ImageFormat.Disk"/>, <see cref="ImageFormat.Iso"/>, or <see langword="null"/> when it is neither.</returns>
    public static ImageFormat? DetectDisk(ReadOnlySpan<byte> head, long length)
    {
        if (head.Length >= DiskHeadBytes && head[IsoVolume..].StartsWith(IsoIdentifier))
        {
            return ImageFormat.Iso;
        }

        bool startsWithBootSector = length > BootSector.Size && head.Length >= BootSector.Size && BootSector.HasSignature(head[..BootSector.Size]);
        bool isDisk = startsWithBootSector && !LinuxSetupHeader.HasMagic(head) && !ElfImage.HasMagic(head);
        return isDisk || head.StartsWith(Qcow2Magic) ? ImageFormat.Disk : null;
    }
}
