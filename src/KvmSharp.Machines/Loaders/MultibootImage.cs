namespace KvmSharp.Machines;

/// <summary>Loads a multiboot 1 kernel: to the addresses in its header when it has them, else as the ELF file that it is.</summary>
/// <remarks>Source: Multiboot Specification 0.6.96, "OS image format" and "The address fields of Multiboot header".</remarks>
public static class MultibootImage
{
    /// <summary>Loads a kernel.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">There is no header, it demands what is not offered, or it is wrong.</exception>
    public static LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (!MultibootHeader.TryFind(image, out MultibootHeader header))
        {
            throw new ImageException("The image has no multiboot header: it must lie in the first 8192 bytes, 4-byte aligned, with a valid checksum.");
        }

        if ((header.Flags & MultibootHeader.UnknownDemands) is not 0 and uint unknown)
        {
            throw new ImageException($"The multiboot header demands features that multiboot 1 does not have (flags {unknown:X}h): clear them.");
        }

        if (!header.HasAddresses && !ElfImage.HasMagic(image))
        {
            throw new ImageException("The multiboot header has no addresses (flag 16 is clear) and the image is no ELF file, so nothing says where to load it.");
        }

        LoadedImage loaded = header.HasAddresses
            ? header.Addresses.Load(image, memory, header.Entry, ImageFormat.Multiboot)
            : ElfImage.LoadAnyClass(image, ElfFile.Read(image), memory, ImageFormat.Multiboot);
        return loaded with
        {
            Notes = (header.Flags & MultibootHeader.WantsVideo) == 0 ? [] : ["The multiboot header asks for a video mode; none is set, the screen stays in text mode."],
        };
    }
}
