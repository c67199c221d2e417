namespace KvmSharp.Machines;

/// <summary>What a loader has put into guest memory, and where execution begins.</summary>
public sealed record LoadedImage
{
    /// <summary>Gets the format of the image.</summary>
    public required ImageFormat Format { get; init; }

    /// <summary>Gets the guest-physical address of the first instruction.</summary>
    public required uint Entry { get; init; }

    /// <summary>Gets the first guest-physical address above all that was loaded, the zeroed parts included.</summary>
    public required ulong End { get; init; }

    /// <summary>Gets the processor mode at the entry.</summary>
    public required StartMode Mode { get; init; }

    /// <summary>Gets sentences about what the image asked for and did not get.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>The processor mode in which an image is entered.</summary>
public enum StartMode
{
    /// <summary>16-bit real mode.</summary>
    Real16,

    /// <summary>32-bit protected mode, flat segments of 4 GiB, paging off.</summary>
    Protected32,

    /// <summary>64-bit mode, the first 4 GiB mapped to themselves: see <see cref="LongModeTables"/>.</summary>
    Long64,
}
