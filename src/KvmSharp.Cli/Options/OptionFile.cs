using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Reads a whole file that an option names.</summary>
internal static class OptionFile
{
    /// <summary>Reads the file.</summary>
    /// <param name="option">The option, for the error: of several files it tells which one is meant.</param>
    /// <param name="path">The file.</param>
    /// <param name="maximumBytes">No larger file is read.</param>
    /// <exception cref="ImageException">It cannot be read, or is empty or too large.</exception>
    public static ImageFile Read(string option, string path, ulong maximumBytes)
    {
        try
        {
            return ImageFile.Read(path, maximumBytes);
        }
        catch (ImageException e)
        {
            throw new ImageException($"{option} {e.Message}", e);
        }
    }
}
