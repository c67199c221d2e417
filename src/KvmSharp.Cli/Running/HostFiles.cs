namespace KvmSharp.Cli;

/// <summary>Creates the files that a run writes.</summary>
internal static class HostFiles
{
    /// <summary>Checks before the guest runs that a file can be written later, beside the one that it replaces.</summary>
    /// <exception cref="HostException">It cannot.</exception>
    public static void CheckReplaceable(string path, string what)
    {
        if (Directory.Exists(path))
        {
            throw new HostException($"The {what} cannot be written to {path}: it is a directory. Give the name of a file.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.GetFullPath(path);
        if (!Directory.Exists(folder))
        {
            throw new HostException($"The {what} cannot be written to {path}: there is no directory {folder}. Create it first.");
        }
    }

    /// <summary>Creates or empties a file.</summary>
    /// <exception cref="HostException">It cannot be written.</exception>
    public static FileStream Create(string path, string what)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new HostException($"The {what} file {path} cannot be written: {e.Message}", e);
        }
    }
}
