namespace KvmSharp.Machines;

/// <summary>The bytes of a file that is to be booted or handed to the guest, with the name the guest is told.</summary>
/// <param name="Name">The name as the user gave it; a multiboot guest sees it in its command line.</param>
/// <param name="Bytes">The whole file.</param>
public sealed record ImageFile(string Name, ReadOnlyMemory<byte> Bytes)
{
    private const int ChunkBytes = 64 * 1024;

    /// <summary>Reads a file, and refuses one that could not fit before reading all of it.</summary>
    /// <param name="path">The file; a pipe works too.</param>
    /// <param name="name">The name for the guest; <see langword="null"/> takes <paramref name="path"/>.</param>
    /// <param name="maximumBytes">The size of guest memory: no larger file can be loaded.</param>
    /// <returns>The file's bytes.</returns>
    /// <exception cref="ImageException">It is missing, unreadable, empty or larger than <paramref name="maximumBytes"/>.</exception>
    public static ImageFile Read(string path, ulong maximumBytes, string? name = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
            byte[] bytes = ReadAll(stream, path, maximumBytes);
            return bytes.Length > 0 ? new ImageFile(name ?? path, bytes) : throw new ImageException($"{path} is empty: there is nothing to boot.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImageException($"{path} does not exist: give the path of an image.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            string reason = Directory.Exists(path) ? "is a directory: give the path of an image in it" : "may not be read: check its permissions";
            throw new ImageException($"{path} {reason}.", e);
        }
        catch (IOException e)
        {
            throw new ImageException($"{path} could not be read: {e.Message}", e);
        }
    }

    // Grown as bytes really arrive, because the length that a pipe or a device file states means nothing.
    private static byte[] ReadAll(FileStream stream, string path, ulong maximumBytes)
    {
        if (stream.CanSeek && (ulong)stream.Length > maximumBytes)
        {
            throw TooLarge(path, maximumBytes);
        }

        using var collected = new MemoryStream();
        var chunk = new byte[ChunkBytes];
        for (int read = stream.Read(chunk); read > 0; read = stream.Read(chunk))
        {
            if ((ulong)(collected.Length + read) > Math.Min(maximumBytes, (ulong)Array.MaxLength))
            {
                throw TooLarge(path, maximumBytes);
            }

            collected.Write(chunk, 0, read);
        }

        return collected.ToArray();
    }

    private static ImageException TooLarge(string path, ulong maximumBytes) =>
        new($"{path} is larger than the guest's memory of {maximumBytes} bytes: give the guest more memory.");
}
