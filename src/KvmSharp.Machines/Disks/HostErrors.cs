using KvmSharp.Devices;

namespace KvmSharp.Machines;

/// <summary>What the host's errors mean for a disk. The numbers are errno on Unix and HRESULTs of Win32 errors on Windows.</summary>
internal static class HostErrors
{
    private const int LinuxNoSpace = 28;      // ENOSPC; the same number on macOS
    private const int LinuxOverQuota = 122;   // EDQUOT
    private const int LinuxWouldBlock = 11;   // EWOULDBLOCK: what flock answers
    private const int MacWouldBlock = 35;
    private const int MacOverQuota = 69;
    private const int WindowsDiskFull = unchecked((int)0x8007_0070);
    private const int WindowsHandleDiskFull = unchecked((int)0x8007_0027);
    private const int WindowsSharingViolation = unchecked((int)0x8007_0020);

    /// <summary>Tells whether an exception is the host's doing or the image's, and not an error in our own code.</summary>
    /// <param name="exception">The exception.</param>
    /// <returns>Whether the guest is to be told that its disk failed.</returns>
    public static bool IsDiskFailure(Exception exception) => exception is IOException or UnauthorizedAccessException or ImageException;

    /// <summary>Turns a failure into what the controller tells the guest.</summary>
    /// <param name="exception">The failure.</param>
    /// <returns><see cref="DiskResult.NoSpace"/> or <see cref="DiskResult.HostError"/>.</returns>
    public static DiskResult ToResult(Exception exception) =>
        exception is IOException && exception.HResult is LinuxNoSpace or LinuxOverQuota or MacOverQuota or WindowsDiskFull or WindowsHandleDiskFull
            ? DiskResult.NoSpace
            : DiskResult.HostError;

    /// <summary>Tells whether a file could not be opened because another has it.</summary>
    /// <param name="exception">The exception of opening.</param>
    /// <returns>Whether a lock is in the way.</returns>
    public static bool IsInUse(IOException exception) => exception.HResult is LinuxWouldBlock or MacWouldBlock or WindowsSharingViolation;
}
