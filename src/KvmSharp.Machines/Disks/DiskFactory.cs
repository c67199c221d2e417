namespace KvmSharp.Machines;

/// <summary>Opens disks.</summary>
public static class DiskFactory
{
    /// <summary>Opens a disk as its description says. An overlay that is missing is created.</summary>
    /// <param name="spec">The description.</param>
    /// <param name="report">Told, in a sentence, when the host fails while the guest runs; once per kind of failure.</param>
    /// <returns>The disk; its files are locked until it is disposed.</returns>
    /// <exception cref="ImageException">A file is missing, in use, damaged, or of a kind that is not supported.</exception>
    public static DiskImage Open(DiskSpec spec, Action<string>? report = null)
    {
        ArgumentNullException.ThrowIfNull(spec);
        (IDiskLayer layer, DiskFormat format) = spec.Writes switch
        {
            DiskWrites.ToOverlay => OpenOverlay(spec, spec.OverlayPath ?? throw new ArgumentException("No overlay is named.", nameof(spec))),
            _ => ImageChain.Open(spec.Path, spec.Format, writable: spec.Writes == DiskWrites.ToImage),
        };
        return new DiskImage(spec.Writes == DiskWrites.Discarded ? new DiscardLayer(layer) : layer, spec, format, report);
    }

    private static (IDiskLayer Layer, DiskFormat Format) OpenOverlay(DiskSpec spec, string overlay)
    {
        (IDiskLayer image, DiskFormat format) = ImageChain.Open(spec.Path, spec.Format, writable: false);
        long size = image.Length;
        image.Dispose();
        if (ImageChain.Canonical(overlay) == ImageChain.Canonical(spec.Path))
        {
            throw new ImageException($"{overlay} cannot be the overlay of itself: give another path.");
        }

        if (!File.Exists(overlay))
        {
            Qcow2Image.Create(overlay, size, spec.Path, format);
        }
        else if (ImageChain.BackingPath(overlay) is not { } below || ImageChain.Canonical(below) != ImageChain.Canonical(spec.Path))
        {
            throw new ImageException($"{overlay} exists and is no overlay of {spec.Path}: give another path for the overlay, or the image that it belongs to.");
        }

        return (ImageChain.Open(overlay, DiskFormat.Qcow2, writable: true).Layer, format);
    }
}
