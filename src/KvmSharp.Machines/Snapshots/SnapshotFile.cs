namespace KvmSharp.Machines;

/// <summary>A snapshot as a file: written beside the old one and put in its place only when it is complete and on the host's storage.</summary>
internal static class SnapshotFile
{
    private const int BufferBytes = 256 * 1024;

    /// <summary>Writes a file. Whatever ends the process meanwhile, <paramref name="path"/> is the old file or the new one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="SnapshotException">It cannot be written.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp"; // in the same folder: a rename does not cross file systems
        try
        {
            try
            {
                using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, BufferBytes))
                {
                    write(file);
                    file.Flush(flushToDisk: true);
                }

                File.Move(temporary, path, overwrite: true);
            }
            catch
            {
                File.Delete(temporary);
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SnapshotException($"The snapshot {path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Opens a file to be restored.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The stream.</returns>
    /// <exception cref="SnapshotException">It is not there or cannot be read.</exception>
    public static FileStream Open(string path)
    {
        try
        {
            var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, FileOptions.SequentialScan);
            if (file.CanSeek)
            {
                return file;
            }

            file.Dispose();
            throw new SnapshotException($"{path} is a pipe or a device: give the path of a snapshot's file.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new SnapshotException($"{path} does not exist: give the path of a snapshot.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            string reason = Directory.Exists(path) ? "is a directory: give the path of a snapshot in it" : "may not be read: check its permissions";
            throw new SnapshotException($"{path} {reason}.", e);
        }
        catch (IOException e)
        {
            throw new SnapshotException($"{path} could not be read: {e.Message}", e);
        }
    }
}
