using System.Runtime.InteropServices;

namespace KvmSharp.Cli.Labs;

/// <summary>What the process of a submission takes from itself before the submission's code is loaded, where the system can do it without rights.</summary>
internal static class ProcessLimits
{
    private const int DataSegment = 2;   // RLIMIT_DATA
    private const int FileSize = 1;      // RLIMIT_FSIZE
    private const int CoreSize = 4;      // RLIMIT_CORE
    private const ulong LargestFile = 16 << 20;

    /// <summary>Sets the limits of this process.</summary>
    /// <param name="memoryBytes">Private memory; 0 for no limit.</param>
    public static void Enter(long memoryBytes)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Limit(CoreSize, 0);
        Limit(FileSize, LargestFile);
        if (memoryBytes > 0)
        {
            Limit(DataSegment, (ulong)memoryBytes);
        }

        _ = SystemCallFilter.Enter(); // last: it takes setting limits away too
    }

    private static void Limit(int resource, ulong value)
    {
        var limit = new ResourceLimit { Current = value, Maximum = value };
        _ = SetResourceLimit(resource, limit); // refused only when a lower limit holds already
    }

    [DllImport("libc", EntryPoint = "setrlimit")]
    private static extern int SetResourceLimit(int resource, in ResourceLimit limit);

    private struct ResourceLimit
    {
        public ulong Current;
        public ulong Maximum;
    }
}
