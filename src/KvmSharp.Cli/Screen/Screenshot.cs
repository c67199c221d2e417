using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Keeps a guest's picture as a PNG file. A file of that name is replaced only once the new one is whole.</summary>
internal static class Screenshot
{
    /// <summary>Checks before the guest runs that the file can be written later.</summary>
    /// <exception cref="HostException">It cannot.</exception>
    public static void Check(string path) => HostFiles.CheckReplaceable(path, "screenshot");

    /// <summary>Writes the file.</summary>
    /// <exception cref="HostException">It cannot be written.</exception>
    public static void Save(PcScreen screen, string path)
    {
        string temporary = Path.Combine(FolderOf(path), $".{Path.GetFileName(path)}.{Environment.ProcessId}.tmp");
        try
        {
            using (FileStream file = File.Create(temporary))
            {
                PngFile.Write(screen.ReadPicture(), file);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Remove(temporary);
            throw new HostException($"The screenshot cannot be written to {path}: {e.Message}", e);
        }
    }

    private static string FolderOf(string path) => Path.GetDirectoryName(Path.GetFullPath(path)) ?? Path.GetFullPath(path);

    private static void Remove(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What hindered the writing may hinder this too; the first error is the one that is told.
        }
    }
}
