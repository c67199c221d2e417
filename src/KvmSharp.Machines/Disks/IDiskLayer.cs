namespace KvmSharp.Machines;

/// <summary>One layer of a disk: an image, or changes above one. Layers address bytes, so that they can stand on each other whatever their units are.</summary>
/// <remarks>
/// The caller stays within <see cref="Length"/>. A host error leaves as an exception and becomes a <see cref="Devices.DiskResult"/>
/// in one place, <see cref="DiskImage"/>; damage in an image leaves as an <see cref="ImageException"/>.
/// </remarks>
internal interface IDiskLayer : IDisposable
{
    /// <summary>Gets the size that the guest sees, in bytes: whole sectors.</summary>
    long Length { get; }

    /// <summary>Reads bytes.</summary>
    /// <param name="offset">The first.</param>
    /// <param name="destination">Receives them.</param>
    void Read(long offset, Span<byte> destination);

    /// <summary>Writes bytes; when it returns, the end of the process no longer undoes them.</summary>
    /// <param name="offset">The first.</param>
    /// <param name="source">The bytes.</param>
    void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Names the blocks of <see cref="DiscardLayer.BlockBytes"/> that differ, or may differ, from the image file at the bottom.</summary>
    /// <param name="blocks">Receives their numbers.</param>
    void CollectChanged(ISet<long> blocks)
    {
    }

    /// <summary>Waits until everything written would survive the end of the host.</summary>
    void Flush();
}
