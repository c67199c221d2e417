namespace KvmSharp.Machines;

/// <summary>Loads the first sector of a disk as a BIOS does: to 7C00h, entered in real mode.</summary>
/// <remarks>The board's firmware has set the machine up before and answers INT 10h, 13h and the others: see <see cref="PcFirmware"/>.</remarks>
public static class BootSector
{
    /// <summary>The size of a boot sector in bytes.</summary>
    public const int Size = 512;

    private const ushort Signature = 0xAA55; // stored 55h AAh at offset 510

    /// <summary>Tells whether an image is one sector with the boot signature.</summary>
    /// <param name="image">The whole file.</param>
    /// <returns><see langword="true"/> for exactly 512 bytes that end in 55h AAh.</returns>
    public static bool HasSignature(ReadOnlySpan<byte> image) =>
        image.Length == Size && LittleEndian.UInt16(image, Size - sizeof(ushort)) == Signature;

    /// <summary>Loads a boot sector.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">It is no boot sector, or guest memory ends before it.</exception>
    public static LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory)
    {
        ArgumentNullException.ThrowIfNull(memory);
        if (!HasSignature(image))
        {
            throw new ImageException($"A boot sector has 512 bytes and ends in 55h AAh; this file has {image.Length} bytes. Load it as a flat image instead.");
        }

        var range = new GuestRange(PcLayout.BootAddress, Size);
        range.Fill(memory, image, "The boot sector");
        return new LoadedImage { Format = ImageFormat.BootSector, Entry = PcLayout.BootAddress, End = range.End, Mode = StartMode.Real16 };
    }
}
