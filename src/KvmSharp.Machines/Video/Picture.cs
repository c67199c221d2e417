namespace KvmSharp.Machines;

/// <summary>A picture: rows of pixels from the top, each 00RRGGBBh.</summary>
/// <param name="width">Pixels in a row.</param>
/// <param name="height">Rows.</param>
public sealed class Picture(int width, int height)
{
    private readonly uint[] _pixels = new uint[width * height];

    /// <summary>Gets the pixels in a row.</summary>
    public int Width => width;

    /// <summary>Gets the rows.</summary>
    public int Height => height;

    /// <summary>Gets a pixel.</summary>
    /// <param name="x">From the left.</param>
    /// <param name="y">From the top.</param>
    public uint this[int x, int y] => _pixels[(y * width) + x];

    /// <summary>Gets a row of pixels.</summary>
    /// <param name="y">From the top.</param>
    /// <returns>The row.</returns>
    public Span<uint> Row(int y) => _pixels.AsSpan(y * width, width);
}
