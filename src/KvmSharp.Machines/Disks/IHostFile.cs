namespace KvmSharp.Machines;

/// <summary>A file of the host that holds a disk's bytes. Everything here may throw what the file system throws: <see cref="IOException"/> and its like.</summary>
/// <remarks>The seam below the image formats: tests put a file there that stops after the n-th write, or that is full.</remarks>
internal interface IHostFile : IDisposable
{
    /// <summary>Gets the path as the user gave it, for messages.</summary>
    string Name { get; }

    /// <summary>Gets a value indicating whether the file was opened for reading alone.</summary>
    bool IsReadOnly { get; }

    /// <summary>Gets the length in bytes as it is now: another process may have changed it.</summary>
    long Length { get; }

    /// <summary>Reads until the span is full or the file ends.</summary>
    /// <param name="offset">Where, in bytes.</param>
    /// <param name="destination">Receives the bytes.</param>
    /// <returns>The number of bytes; fewer than asked for only at the file's end.</returns>
    int Read(long offset, Span<byte> destination);

    /// <summary>Writes all bytes, and makes the file longer where they lie beyond its end.</summary>
    /// <param name="offset">Where, in bytes.</param>
    /// <param name="source">The bytes.</param>
    void Write(long offset, ReadOnlySpan<byte> source);

    /// <summary>Waits until everything written is on the host's storage.</summary>
    void Flush();
}
