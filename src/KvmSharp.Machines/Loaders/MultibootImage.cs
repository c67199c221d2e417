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

        LoadedImage loaded = header.HasAddresses ? LoadByAddresses(image, memory, header) : ElfImage.Load(image, memory);
        return loaded with
        {
            Format = ImageFormat.Multiboot,
            Notes = (header.Flags & MultibootHeader.WantsVideo) == 0 ? [] : ["The multiboot header asks for video modes; the machine has no display, so none are passed."],
        };
    }

    private static LoadedImage LoadByAddresses(ReadOnlySpan<byte> image, IGuestMemory memory, in MultibootHeader header)
    {
        if (header.LoadAddress > header.HeaderAddress || header.HeaderAddress - header.LoadAddress > (uint)header.Offset)
        {
            throw Wrong($"load_addr {header.LoadAddress:X}h does not fit header_addr {header.HeaderAddress:X}h with the header at {header.Offset:X}h in the file");
        }

        int start = header.Offset - (int)(header.HeaderAddress - header.LoadAddress);
        ulong available = (ulong)(image.Length - start);
        if (header.LoadEnd != 0 && header.LoadEnd < header.LoadAddress)
        {
            throw Wrong($"load_end_addr {header.LoadEnd:X}h lies below load_addr {header.LoadAddress:X}h");
        }

        ulong length = header.LoadEnd == 0 ? available : header.LoadEnd - header.LoadAddress;
        if (length > available)
        {
            throw Wrong($"load_end_addr {header.LoadEnd:X}h asks for {length:X}h bytes, but the file has only {available:X}h: it is truncated");
        }

        var loaded = new GuestRange(header.LoadAddress, length);
        if (header.BssEnd != 0 && header.BssEnd < loaded.End)
        {
            throw Wrong($"bss_end_addr {header.BssEnd:X}h lies below the end of what is loaded, {loaded.End:X}h");
        }

        if (!loaded.Contains(header.Entry))
        {
            throw Wrong($"entry_addr {header.Entry:X}h lies outside what is loaded, {loaded.Start:X}h to {loaded.End:X}h");
        }

        var bss = new GuestRange(loaded.End, header.BssEnd == 0 ? 0 : header.BssEnd - loaded.End);
        loaded.Fill(memory, image.Slice(start, (int)length), "The multiboot image");
        bss.Clear(memory, "The multiboot image's zeroed part");
        return new LoadedImage { Format = ImageFormat.Multiboot, Entry = header.Entry, End = bss.End, Mode = StartMode.Protected32 };
    }

    private static ImageException Wrong(string what) => new($"The multiboot header is wrong: {what}.");
}
