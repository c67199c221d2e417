using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace KvmSharp.Cli;

/// <summary>Opens the standard streams as plain bytes.</summary>
internal static class StandardStreams
{
    private const int InputDescriptor = 0;
    private const int OutputDescriptor = 1;
    private const int ErrorDescriptor = 2;

    /// <summary>Gets standard error as text, flushed with each write.</summary>
    /// <remarks>Not <see cref="Console.Error"/>: its first use sends control sequences to a terminal and changes its mode, under the guest.</remarks>
    public static TextWriter Errors { get; } = TextWriter.Synchronized(new StreamWriter(new UncheckedStream(OpenErrors())) { AutoFlush = true });

    /// <summary>Opens standard input, or gives null when it is closed.</summary>
    public static Stream? OpenInput()
    {
        if (OperatingSystem.IsWindows())
        {
            return Console.OpenStandardInput();
        }

        return IsOurs(InputDescriptor, forWriting: false) ? TryOpen(InputDescriptor, FileAccess.Read) : null;
    }

    /// <summary>Opens standard output.</summary>
    /// <remarks>
    /// The runtime's own stream hides a closed pipe, so pipes and terminals are written as files. A regular file is not: there the
    /// runtime's stream appends where the shell's other programs stand.
    /// </remarks>
    /// <exception cref="HostException">It is closed.</exception>
    public static Stream OpenOutput()
    {
        if (!OperatingSystem.IsWindows() && !IsOurs(OutputDescriptor, forWriting: true))
        {
            throw new HostException("Standard output is closed: give --serial none to run without it.");
        }

        return OpenFile(OutputDescriptor) ?? Console.OpenStandardOutput();
    }

    private static Stream OpenErrors() =>
        !OperatingSystem.IsWindows() && !IsOurs(ErrorDescriptor, forWriting: true) ? Stream.Null : OpenFile(ErrorDescriptor) ?? Console.OpenStandardError();

    private static FileStream? OpenFile(int descriptor) =>
        !OperatingSystem.IsWindows() && TryOpen(descriptor, FileAccess.Write) is { CanSeek: false } stream ? stream : null;

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

    // When the shell closed a standard stream, the runtime itself may own that number by now: a file of its own, or one end of a
    // pipe whose other end it holds too. Then it is nothing that was given to us.
    private static bool IsOurs(int descriptor, bool forWriting)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        return TargetOf(descriptor) is { } target && IsOpenFor(descriptor, forWriting)
            && !target.StartsWith("anon_inode:", StringComparison.Ordinal)
            && !target.EndsWith(".dll", StringComparison.Ordinal) && !target.EndsWith(".so", StringComparison.Ordinal)
            && !(target.StartsWith("pipe:", StringComparison.Ordinal) && HoldsOtherEnd(target, otherIsForWriting: !forWriting));
    }

    private static bool HoldsOtherEnd(string pipe, bool otherIsForWriting) => Directory.EnumerateFileSystemEntries("/proc/self/fd")
        .Select(link => int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture))
        .Any(descriptor => TargetOf(descriptor) == pipe && IsOpenFor(descriptor, otherIsForWriting));

    private static string? TargetOf(int descriptor) => new FileInfo(string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{descriptor}")).LinkTarget;

    // fdinfo's line "flags:" holds the flags of open(2) in octal; the last two bits are 0 for reading, 1 for writing, 2 for both.
    private static bool IsOpenFor(int descriptor, bool writing)
    {
        const string Label = "flags:";
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fdinfo/{descriptor}");
        string? flags = File.Exists(path) ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith(Label, StringComparison.Ordinal)) : null;
        int mode = flags is null ? 0 : (flags[^1] - '0') & 3;
        return flags is not null && (mode == 2 || mode == (writing ? 1 : 0));
    }
}
