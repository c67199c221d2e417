namespace KvmSharp.Machines;

/// <summary>Loads bytes as they are to one address.</summary>
public static class FlatImage
{
    /// <summary>Gets the largest image, in bytes, that is taken for a flat one unasked: conventional memory above 7C00h.</summary>
    public static int LargestDetected => (int)(PcLayout.ConventionalMemoryEnd - PcLayout.BootAddress);

    /// <summary>Loads an image.</summary>
    /// <param name="image">The whole file.</param>
    /// <param name="memory">Guest memory.</param>
    /// <param name="placement">Where to; the default is 7C00h in real mode.</param>
    /// <returns>What was loaded.</returns>
    /// <exception cref="ImageException">It does not fit, lies where 64-bit mode needs tables, or the entry cannot be reached in the mode.</exception>
    public static LoadedImage Load(ReadOnlySpan<byte> image, IGuestMemory memory, FlatPlacement placement)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentNullException.ThrowIfNull(placement);
        var range = new GuestRange(placement.LoadAddress, (ulong)image.Length);
        uint entry = placement.Entry ?? placement.LoadAddress;
        if (!range.Contains(entry))
        {
            throw new ImageException($"The entry {entry:X}h lies outside the image, which takes {range.Start:X}h to {range.End - 1:X}h.");
        }

        if (placement.Mode == StartMode.Real16 && entry >= PcLayout.RealModeEnd)
        {
            throw new ImageException($"The entry {entry:X}h cannot be reached in real mode: enter it in 32-bit mode, or load it below {PcLayout.RealModeEnd:X}h.");
        }

        if (placement.Mode == StartMode.Long64)
        {
            if (range.Overlaps(LongModeTables.Range))
            {
                throw new ImageException(
                    $"The image takes {range.Start:X}h to {range.End - 1:X}h, but in 64-bit mode the first page tables lie from {LongModeTables.Gdt:X}h to {LongModeTables.End - 1:X}h: load it elsewhere.");
            }

            LongModeTables.Write(memory);
        }

        range.Fill(memory, image, "The image");
        return new LoadedImage { Format = ImageFormat.Flat, Entry = entry, End = range.End, Mode = placement.Mode };
    }
}

/// <summary>Where a flat image goes and how it is entered.</summary>
public sealed record FlatPlacement
{
    /// <summary>Gets the guest-physical address of the image's first byte.</summary>
    public uint LoadAddress { get; init; } = PcLayout.BootAddress;

    /// <summary>Gets the guest-physical address of the first instruction; <see langword="null"/> for the image's first byte.</summary>
    public uint? Entry { get; init; }

    /// <summary>Gets the processor mode at the entry.</summary>
    public StartMode Mode { get; init; } = StartMode.Real16;
}
