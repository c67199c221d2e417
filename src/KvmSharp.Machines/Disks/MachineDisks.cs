using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>All disks of a machine, open together; closed together.</summary>
public sealed class MachineDisks : IDisposable
{
    private readonly List<IDisposable> _open = [];

    private MachineDisks()
    {
    }

    /// <summary>Gets the hard disks on IDE, in the order they were given.</summary>
    public IReadOnlyList<IDisk> Ide { get; private set; } = [];

    /// <summary>Gets the disks on virtio, in the order they were given.</summary>
    public IReadOnlyList<IDisk> Virtio { get; private set; } = [];

    /// <summary>Gets the disc in the CD-ROM drive; <see langword="null"/> without one.</summary>
    public IDisk? Cdrom { get; private set; }

    /// <summary>Gets the floppy in drive A; <see langword="null"/> without one.</summary>
    public IDisk? Floppy { get; private set; }

    /// <summary>Gets what is tried at boot, first choice first: an image that is booted comes before <see cref="PcOptions.BootOrder"/>.</summary>
    public IReadOnlyList<BootDevice> BootOrder { get; private set; } = [];

    /// <summary>Opens everything, or nothing.</summary>
    /// <param name="options">What the machine is built from.</param>
    /// <param name="report">Told in a sentence when the host fails later.</param>
    /// <returns>The open disks.</returns>
    /// <exception cref="ImageException">One cannot be opened, or one file would be written under two names.</exception>
    public static MachineDisks Open(PcOptions options, Action<string>? report = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        CheckForTwins([.. options.Disks.Select(d => d.Spec), .. Present(options.Cdrom), .. Present(options.Floppy)]);
        var disks = new MachineDisks();
        try
        {
            BootMedia media = disks.Choose(options);
            disks.Ide = Forkable([.. media.Disks, .. options.Disks.Where(d => d.Bus == DiskBus.Ide).Select(d => disks.Add(d.Spec, report))]);
            disks.Virtio = Forkable([.. options.Disks.Where(d => d.Bus == DiskBus.Virtio).Select(d => disks.Add(d.Spec, report))]);
            disks.Cdrom = OneOf("CD-ROM", Forkable([.. media.Cdroms, .. Present(options.Cdrom).Select(d => disks.Add(d, report))]));
            disks.Floppy = OneOf("floppy", Forkable([.. media.Floppies, .. Present(options.Floppy).Select(d => disks.AddFloppy(d, report))]));
            disks._open.Clear();
            disks._open.AddRange(disks.All);
            return disks;
        }
        catch
        {
            disks.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable disk in _open)
        {
            disk.Dispose();
        }

        _open.Clear();
    }

    /// <summary>Takes over disks that are open already.</summary>
    /// <param name="ide">The hard disks on IDE.</param>
    /// <param name="virtio">The disks on virtio.</param>
    /// <param name="cdrom">The disc, if there is a drive.</param>
    /// <param name="floppy">The floppy, if there is a drive.</param>
    /// <param name="bootOrder">What is tried at boot.</param>
    /// <returns>The disks.</returns>
    internal static MachineDisks Of(
        IReadOnlyList<ForkableDisk> ide, IReadOnlyList<ForkableDisk> virtio, ForkableDisk? cdrom, ForkableDisk? floppy, IReadOnlyList<BootDevice> bootOrder)
    {
        var disks = new MachineDisks { Ide = ide, Virtio = virtio, Cdrom = cdrom, Floppy = floppy, BootOrder = bootOrder };
        disks._open.AddRange(disks.All);
        return disks;
    }

    /// <summary>Gets all disks: IDE, virtio, CD-ROM, floppy.</summary>
    internal IEnumerable<ForkableDisk> All => Ide.Concat(Virtio).Append(Cdrom).Append(Floppy).OfType<ForkableDisk>();

    /// <summary>Makes the disks of a fork of the machine.</summary>
    /// <returns>Disks with the same contents.</returns>
    internal MachineDisks Fork()
    {
        return Of([.. Ide.Select(Copy)], [.. Virtio.Select(Copy)], Cdrom is { } disc ? Copy(disc) : null, Floppy is { } floppy ? Copy(floppy) : null, BootOrder);

        static ForkableDisk Copy(IDisk disk) => ((ForkableDisk)disk).Fork();
    }

    private DiskImage Add(DiskSpec spec, Action<string>? report)
    {
        DiskImage disk = DiskFactory.Open(spec, report);
        _open.Add(disk);
        return disk;
    }

    // A hard disk's image would start, and then miss most of its sectors.
    private DiskImage AddFloppy(DiskSpec spec, Action<string>? report)
    {
        DiskImage floppy = Add(spec, report);
        int most = FloppyFormat.Largest.SectorCount;
        return floppy.SectorCount <= most
            ? floppy
            : throw new ImageException($"{spec.Path} is no floppy: it has {floppy.SectorCount} sectors, and the largest floppy {most} (2.88M). Give a hard disk with --disk.");
    }

    // An image in memory that is a disk joins the machine's disks and is the first to be booted.
    private BootMedia Choose(PcOptions options)
    {
        BootOrder = options.BootOrder;
        if (options.Boot is not { } boot || BootMedia.KindOf(boot.FormatInUse, boot.Image.Bytes.Length) is not { } kind)
        {
            return options.Media;
        }

        BootOrder = [kind, .. options.BootOrder.Where(d => d != kind)];
        return options.Media.With(kind, boot.Image.Bytes.Span);
    }

    private static IReadOnlyList<IDisk> Forkable(IReadOnlyList<IDisk> disks) => [.. disks.Select(static d => new ForkableDisk(d))];

    private static IDisk? OneOf(string drive, IReadOnlyList<IDisk> disks) => disks.Count < 2
        ? (disks.Count == 0 ? null : disks[0])
        : throw new ImageException($"There is one {drive} drive, but {disks.Count} images are given for it: leave all but one out.");

    private static IEnumerable<DiskSpec> Present(DiskSpec? spec) => spec is null ? [] : [spec];

    // The locks would refuse it too, but blame another machine.
    private static void CheckForTwins(IReadOnlyList<DiskSpec> specs)
    {
        var read = new HashSet<string>();
        var written = new HashSet<string>();
        foreach (DiskSpec spec in specs)
        {
            Use(spec.Path, spec.Writes == DiskWrites.ToImage);
            if (spec is { Writes: DiskWrites.ToOverlay, OverlayPath: { } overlay })
            {
                Use(overlay, writes: true);
            }
        }

        void Use(string path, bool writes)
        {
            string file = ImageChain.Canonical(path);
            if (written.Contains(file) || (writes && read.Contains(file)))
            {
                throw new ImageException($"{path} is given twice, and one of the two would write it: leave one out, or give both ,readonly or ,overlay=discard.");
            }

            (writes ? written : read).Add(file);
        }
    }
}
