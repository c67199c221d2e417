namespace KvmSharp.Machines;

/// <summary>What the user asks for as a disk: an image, and what becomes of writes.</summary>
/// <param name="Path">The image: a file or a block device.</param>
public sealed record DiskSpec(string Path)
{
    /// <summary>Gets the image's format; <see langword="null"/> finds it by the first bytes. A disk that the guest writes is safer with it given.</summary>
    public DiskFormat? Format { get; init; }

    /// <summary>Gets what becomes of the guest's writes.</summary>
    public DiskWrites Writes { get; init; }

    /// <summary>Gets the overlay's path, with <see cref="DiskWrites.ToOverlay"/> only.</summary>
    public string? OverlayPath { get; init; }

    /// <summary>Describes an image that is run but never changed: a positional IMAGE, say.</summary>
    /// <param name="path">The image.</param>
    /// <returns>The description; the guest can write, and its writes end with the run.</returns>
    public static DiskSpec NeverChanged(string path) => new(path) { Writes = DiskWrites.Discarded };
}

/// <summary>The formats of disk images.</summary>
public enum DiskFormat
{
    /// <summary>The disk's bytes and nothing else.</summary>
    Raw,

    /// <summary>QEMU's copy-on-write format, version 2 or 3.</summary>
    Qcow2,
}

/// <summary>What becomes of a guest's writes.</summary>
public enum DiskWrites
{
    /// <summary>They change the image.</summary>
    ToImage,

    /// <summary>The disk is read-only.</summary>
    Refused,

    /// <summary>They go to a temporary layer that ends with the run; the image is never changed.</summary>
    Discarded,

    /// <summary>They go to a qcow2 file above the image, which is created when it is missing; the image is never changed.</summary>
    ToOverlay,
}
