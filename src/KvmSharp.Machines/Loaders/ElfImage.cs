namespace KvmSharp.Machines;

/// <summary>Loads a 32-bit x86 ELF executable to the physical addresses of its program headers.</summary>
/// <remarks>
/// It is entered in 32-bit protected mode with flat segments and paging off. <c>e_entry</c> is a virtual address: it is
/// translated by the segment it lies in. Section headers are not read. Source: System V ABI, "Program Header".
/// </remarks>
public static class ElfImage
{
    /// <summary>Tells whether a file begins as ELF files do.</summary>
    /// <param name="image">The whole file.</param>
    /// <returns><see langword="true"/> for 7Fh, "ELF".</returns>
    public static bool HasMagic(ReadOnlySpan<byte> image) => ElfFile.HasMagic(image);

    /// <summary>Loads an executable.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">A header field is wrong, segments overlap, or something does not fit.</exception>
    public static LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ElfFile file = ElfFile.Read(image);
        return !file.Is64Bit
            ? LoadAnyClass(image, file, memory, ImageFormat.Elf)
            : throw new ImageException(
                "The ELF file is 64-bit (EI_CLASS is 2) and says nowhere how to enter it: a guest starts in 32-bit mode, so give it a multiboot header or a PVH note, or link it as elf32-i386.");
    }

    /// <summary>Loads an executable whose boot protocol says that it is entered in 32-bit mode, 64-bit file or not.</summary>
    internal static LoadedImage LoadAnyClass(ReadOnlySpan<byte> image, ElfFile file, IGuestMemory memory, ImageFormat format)
    {
        uint entry = file.FindEntry();
        file.Load(image, memory);
        return new LoadedImage { Format = format, Entry = entry, End = file.End, Mode = StartMode.Protected32 };
    }
}
