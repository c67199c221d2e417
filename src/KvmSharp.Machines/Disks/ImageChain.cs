namespace KvmSharp.Machines;

/// <summary>Opens an image and everything below it: backing files that have backing files.</summary>
internal sealed class ImageChain
{
    private const int LongestChain = 32;

    private readonly HashSet<string> _paths = [];

    /// <summary>Opens an image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="format">Its format; <see langword="null"/> finds it by the first bytes.</param>
    /// <param name="writable">Whether the image itself is written; those below it never are.</param>
    /// <returns>The image and its format.</returns>
    /// <exception cref="ImageException">It, or an image below it, cannot be opened.</exception>
    public static (IDiskLayer Layer, DiskFormat Format) Open(string path, DiskFormat? format, bool writable) =>
        new ImageChain().OpenLayer(path, format, writable);

    /// <summary>Tells which backing file an image names.</summary>
    /// <param name="path">A qcow2 image.</param>
    /// <returns>The full path; <see langword="null"/> without one.</returns>
    public static string? BackingPath(string path)
    {
        using HostFile file = HostFile.Open(path, writable: false);
        return Qcow2Header.Read(file).Backing is { } backing ? Resolve(file, backing) : null;
    }

    /// <summary>Gives a path that is the same for all names of a file.</summary>
    /// <param name="path">A path.</param>
    /// <returns>The full path of what it leads to; hard links stay apart.</returns>
    public static string Canonical(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Path.GetFullPath(path); // opening it will say what is wrong
        }
    }

    private (IDiskLayer Layer, DiskFormat Format) OpenLayer(string path, DiskFormat? format, bool writable)
    {
        if (!_paths.Add(Canonical(path)))
        {
            throw new ImageException($"{path} is its own backing file, through others or directly: rebuild the chain with 'qemu-img rebase -u'.");
        }

        if (_paths.Count > LongestChain)
        {
            throw new ImageException($"{path} is below more than {LongestChain} other images: shorten the chain with 'qemu-img commit' or 'qemu-img convert'.");
        }

        HostFile file = HostFile.Open(path, writable);
        try
        {
            DiskFormat found = format ?? Probe(file);
            return (found == DiskFormat.Raw ? new RawDisk(file, formatWasFound: format is null) : OpenQcow2(file), found);
        }
        catch (Exception e) when (HostErrors.IsDiskFailure(e))
        {
            file.Dispose();
            throw e as ImageException ?? new ImageException($"{path} could not be read: {e.Message}", e);
        }
    }

    private Qcow2Disk OpenQcow2(HostFile file)
    {
        Qcow2Header header = Qcow2Header.Read(file);
        IDiskLayer? backing = null;
        if (header.Backing is { } below)
        {
            string path = Resolve(file, below);
            backing = File.Exists(path)
                ? OpenLayer(path, FormatOf(file, below), writable: false).Layer
                : throw new ImageException($"{file.Name} needs its backing file {path}, which does not exist: put it back, or name another with 'qemu-img rebase -u'.");
        }

        try
        {
            return new Qcow2Disk(file, header, backing);
        }
        catch
        {
            backing?.Dispose();
            throw;
        }
    }

    private static DiskFormat Probe(HostFile file)
    {
        Span<byte> start = stackalloc byte[Qcow2Header.Magic.Length];
        return file.Read(0, start) == start.Length && start.SequenceEqual(Qcow2Header.Magic) ? DiskFormat.Qcow2 : DiskFormat.Raw;
    }

    private static DiskFormat? FormatOf(HostFile file, Qcow2Backing backing) => backing.Format switch
    {
        null => null,
        "raw" => DiskFormat.Raw,
        "qcow2" => DiskFormat.Qcow2,
        _ => throw new ImageException($"{file.Name} has a backing file of format {backing.Format}, and only raw and qcow2 are supported: convert it with 'qemu-img convert'."),
    };

    // A name with a colon before the first slash is a protocol to QEMU: nbd:..., json:{...}.
    private static string Resolve(HostFile file, Qcow2Backing backing)
    {
        string name = backing.Name;
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        if (!Path.IsPathFullyQualified(name) && colon >= 0 && name.IndexOf('/', StringComparison.Ordinal) is var slash && (slash < 0 || colon < slash))
        {
            throw new ImageException($"{file.Name} has the backing file {name}, and only files are supported: give it one with 'qemu-img rebase'.");
        }

        // Relative to where the image really is, not to a link to it.
        return Path.Combine(Path.GetDirectoryName(Canonical(file.Name))!, name);
    }
}
