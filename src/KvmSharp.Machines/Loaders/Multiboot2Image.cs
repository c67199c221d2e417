namespace KvmSharp.Machines;

/// <summary>Loads a multiboot 2 kernel: to the addresses in its header when it has them, else as the ELF file that it is.</summary>
/// <remarks>A relocatable kernel stays where it is linked to. Source: Multiboot2 Specification 2.0, "OS image format".</remarks>
public static class Multiboot2Image
{
    /// <summary>Loads a kernel and, behind it, what it is told.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="commandLine">Its command line.</param>
    /// <param name="modules">The modules; each one's string is its name.</param>
    /// <param name="board">The machine.</param>
    /// <returns>What was loaded, and the address of the boot information for EBX.</returns>
    /// <exception cref="ImageException">There is no header, it demands what is not offered, or it is wrong.</exception>
    public static (LoadedImage Kernel, uint Information) Load(
        ReadOnlySpan<byte> image, IGuestMemory memory, string commandLine, IReadOnlyList<ImageFile> modules, BoardDescription board)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(modules);
        ArgumentNullException.ThrowIfNull(board);
        if (!Multiboot2Header.TryFind(image, out Multiboot2Header? header))
        {
            throw new ImageException("The image has no multiboot2 header: it must lie in the first 32768 bytes, 8-byte aligned, with a valid checksum.");
        }

        (LoadedImage kernel, ulong lowest) = LoadKernel(image, memory, header);
        if (header.Relocation is { } range && (lowest < range.Lowest || kernel.End - 1 > range.Highest))
        {
            throw new ImageException(
                $"The multiboot2 kernel may lie from {range.Lowest:X}h to {range.Highest:X}h (relocatable tag), but it is linked to {lowest:X}h, and it is not moved here: link it into that range.");
        }

        var free = new FreeMemory(memory, kernel.End);
        ElfSections? sections = ElfImage.HasMagic(image) ? ElfSections.Load(image, free) : null;
        IReadOnlyList<GuestRange> placed = free.Place(modules);
        var information = new Multiboot2Information(memory);
        information.AddStrings(commandLine);
        information.AddModules(modules, placed);
        information.AddMemory(MemoryMap.Of(board.Ram));
        information.AddTextScreen();
        information.AddSections(sections);
        information.AddAcpi(board.RsdpAddress);
        information.AddLoadBase(header.Relocation is null ? null : (uint)lowest);
        return (kernel, (uint)free.Place(information.Finish(), "The multiboot2 information").Start);
    }

    private static (LoadedImage Kernel, ulong Lowest) LoadKernel(ReadOnlySpan<byte> image, IGuestMemory memory, Multiboot2Header header)
    {
        if (header.Addresses is { } addresses)
        {
            LoadedImage loaded = addresses.Load(image, memory, header.Entry!.Value, ImageFormat.Multiboot2);
            return (loaded with { Notes = header.Notes }, addresses.LoadAddress);
        }

        if (!ElfImage.HasMagic(image))
        {
            throw new ImageException("The multiboot2 header has no address tag and the image is no ELF file, so nothing says where to load it.");
        }

        ElfFile file = ElfFile.Read(image);
        uint entry = header.Entry ?? file.FindEntry();
        if (!file.IsLoaded(entry))
        {
            throw new ImageException($"The multiboot2 header's entry {entry:X}h lies outside all segments of the ELF file: it must be a physical address.");
        }

        file.Load(image, memory);
        var kernel = new LoadedImage { Format = ImageFormat.Multiboot2, Entry = entry, End = file.End, Mode = StartMode.Protected32, Notes = header.Notes };
        return (kernel, file.Segments[0].Memory.Start);
    }
}
