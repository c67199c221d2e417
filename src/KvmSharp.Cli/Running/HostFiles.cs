namespace KvmSharp.Cli;

/// <summary>Creates the files that a run writes.</summary>
internal static class HostFiles
{
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
