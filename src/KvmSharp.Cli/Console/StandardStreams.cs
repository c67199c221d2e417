using Microsoft.Win32.SafeHandles;

namespace KvmSharp.Cli;

/// <summary>Opens the standard streams as plain bytes.</summary>
internal static class StandardStreams
{
    private const int InputDescriptor = 0;
    private const int OutputDescriptor = 1;

    /// <summary>Opens standard input, or gives null when it is closed.</summary>
    public static Stream? OpenInput()
    {
        if (OperatingSystem.IsWindows())
        {
            return Console.OpenStandardInput();
        }

        // When the shell closed it, the runtime itself may own that number by now: then it is no file that was given to us.
        return IsOurs(InputDescriptor) ? TryOpen(InputDescriptor, FileAccess.Read) : null;
    }

    /// <summary>Opens standard output.</summary>
    /// <remarks>
    /// The runtime's own stream hides a closed pipe, so pipes and terminals are written as files. A regular file is not: there the
    /// runtime's stream appends where the shell's other programs stand.
    /// </remarks>
    public static Stream OpenOutput()
    {
        if (!OperatingSystem.IsWindows() && TryOpen(OutputDescriptor, FileAccess.Write) is { CanSeek: false } stream)
        {
            return stream;
        }

        return Console.OpenStandardOutput();
    }

    private static FileStream? TryOpen(int descriptor, FileAccess access)
    {
        try
        {
            return new FileStream(new SafeFileHandle(descriptor, ownsHandle: false), access, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private static bool IsOurs(int descriptor)
    {
        string link = $"/proc/self/fd/{descriptor}";
        string? target = OperatingSystem.IsLinux() ? new FileInfo(link).LinkTarget : "unknown";
        return target is not null && !target.StartsWith("anon_inode:", StringComparison.Ordinal)
            && !target.EndsWith(".dll", StringComparison.Ordinal) && !target.EndsWith(".so", StringComparison.Ordinal);
    }
}
