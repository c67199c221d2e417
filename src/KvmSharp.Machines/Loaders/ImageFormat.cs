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
}

/// <summary>Tells what an image is by its bytes.</summary>
public static class ImageFormats
{
    /// <summary>Finds the format of an image.</summary>
    /// <remarks>
    /// In this order: ELF with a multiboot header, a multiboot header with addresses, plain ELF, a boot sector, and flat when
    /// it fits the conventional memory above 7C00h. So a boot sector that holds a multiboot header is multiboot.
    /// </remarks>
    /// <param name="image">The whole file.</param>
    /// <returns>The format; the loader of that format may still refuse the image.</returns>
    /// <exception cref="ImageException">It is none of these.</exception>
    public static ImageFormat Detect(ReadOnlySpan<byte> image)
    {
        bool elf = ElfImage.HasMagic(image);
        if (MultibootHeader.TryFind(image, out MultibootHeader header) && (elf || header.HasAddresses))
        {
            return ImageFormat.Multiboot;
        }

        if (elf)
        {
            return ImageFormat.Elf;
        }

        if (BootSector.HasSignature(image))
        {
            return ImageFormat.BootSector;
        }

        return image.Length <= FlatImage.LargestDetected
            ? ImageFormat.Flat
            : throw new ImageException(
                $"The image of {image.Length} bytes is no ELF file, no multiboot image and no boot sector, and as a flat binary it is larger than the "
                + $"{FlatImage.LargestDetected} bytes of conventional memory above 7C00h: name its format and its load address.");
    }
}
