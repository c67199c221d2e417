using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>An open disk: what <see cref="DiskFactory"/> gives a controller. Closing it releases the image's lock.</summary>
/// <remarks>Here the host's exceptions become results for the guest; the first of each kind is also told to the user, in a sentence.</remarks>
public sealed class DiskImage : IDisk, IDisposable
{
    private readonly IDiskLayer _layer;
    private readonly Action<string>? _report;
    private bool _noSpaceReported;
    private bool _errorReported;

    internal DiskImage(IDiskLayer layer, DiskSpec spec, DiskFormat format, Action<string>? report)
    {
        _layer = layer;
        _report = report;
        Spec = spec;
        Format = format;
        Base = spec switch
        {
            { Writes: DiskWrites.ToOverlay, OverlayPath: { } overlay } => (overlay, DiskFormat.Qcow2),
            _ => (spec.Path, format),
        };
    }

    /// <summary>Gets what the disk was opened from.</summary>
    public DiskSpec Spec { get; }

    /// <summary>Gets the format of <see cref="DiskSpec.Path"/>, given or found.</summary>
    public DiskFormat Format { get; }

    /// <summary>Gets the file at the bottom, above which all changes are in this process; <see langword="null"/> when there is none.</summary>
    internal (string Path, DiskFormat Format)? Base { get; init; }

    /// <inheritdoc/>
    public long SectorCount => _layer.Length / IDisk.SectorBytes;

    /// <inheritdoc/>
    public bool IsReadOnly => Spec.Writes == DiskWrites.Refused;

    /// <inheritdoc/>
    public DiskResult Read(long sector, Span<byte> destination)
    {
        if (!IsInside(sector, destination.Length))
        {
            return DiskResult.OutOfRange;
        }

        try
        {
            _layer.Read(sector * IDisk.SectorBytes, destination);
            return DiskResult.Done;
        }
        catch (Exception e) when (HostErrors.IsDiskFailure(e))
        {
            return Failed(e, "read");
        }
    }

    /// <inheritdoc/>
    public DiskResult Write(long sector, ReadOnlySpan<byte> source)
    {
        if (IsReadOnly)
        {
            return DiskResult.ReadOnly;
        }

        if (!IsInside(sector, source.Length))
        {
            return DiskResult.OutOfRange;
        }

        try
        {
            _layer.Write(sector * IDisk.SectorBytes, source);
            return DiskResult.Done;
        }
        catch (Exception e) when (HostErrors.IsDiskFailure(e))
        {
            return Failed(e, "written");
        }
    }

    /// <inheritdoc/>
    public DiskResult Flush()
    {
        if (IsReadOnly)
        {
            return DiskResult.Done;
        }

        try
        {
            _layer.Flush();
            return DiskResult.Done;
        }
        catch (Exception e) when (HostErrors.IsDiskFailure(e))
        {
            return Failed(e, "flushed");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _layer.Dispose();

    /// <summary>Names the blocks of <see cref="DiscardLayer.BlockBytes"/> that may differ from <see cref="Base"/>.</summary>
    /// <param name="blocks">Receives their numbers.</param>
    internal void CollectChanged(ISet<long> blocks) => _layer.CollectChanged(blocks);

    private bool IsInside(long sector, int bytes) =>
        sector >= 0 && sector <= SectorCount && bytes / IDisk.SectorBytes <= SectorCount - sector && bytes % IDisk.SectorBytes == 0;

    private DiskResult Failed(Exception exception, string done)
    {
        DiskResult result = HostErrors.ToResult(exception);
        ref bool reported = ref result == DiskResult.NoSpace ? ref _noSpaceReported : ref _errorReported;
        if (!reported)
        {
            reported = true;
            _report?.Invoke($"The disk {Spec.Path} could not be {done}, and the guest was told so: {exception.Message.TrimEnd('.')}.");
        }

        return result;
    }
}
