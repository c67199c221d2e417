using System.Runtime.InteropServices;

namespace KvmSharp.Cli.Labs;

/// <summary>Takes files away from a thread and from every process that it starts: Linux's Landlock, which needs no rights.</summary>
/// <remarks>Source: the kernel's user-space API guide, "Landlock: unprivileged access control". Numbers of linux/landlock.h.</remarks>
internal static class Landlock
{
    private const nint CreateRuleset = 444; // the same number on every architecture
    private const nint AddRule = 445;
    private const nint RestrictSelf = 446;
    private const nuint VersionFlag = 1;
    private const nuint PathBeneath = 1;

    // What is handled is forbidden, except below the paths that a rule names.
    private const ulong Execute = 1 << 0;
    private const ulong WriteFile = 1 << 1;
    private const ulong ReadFile = 1 << 2;
    private const ulong ReadFolder = 1 << 3;
    private const ulong AllOfVersion1 = (1 << 13) - 1;
    private const ulong Refer = 1 << 13;      // version 2
    private const ulong Truncate = 1 << 14;   // version 3
    private const ulong BindAndConnect = 3;   // TCP, version 4
    private const ulong SocketsAndSignals = 3; // abstract sockets, and signals to processes outside, version 6
    private const ulong Reading = Execute | ReadFile | ReadFolder;

    private const int NoNewPrivileges = 38; // PR_SET_NO_NEW_PRIVS
    private const int OpenPath = 0x20_0000 | 0x8_0000; // O_PATH | O_CLOEXEC

    private static readonly string[] SystemFolders = ["/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys"];
    private static readonly string[] Devices = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];

    /// <summary>Gets a value indicating whether the system has it.</summary>
    public static bool IsThere { get; } = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64 && Version() > 0;

    /// <summary>Restricts the calling thread for good: it must be one that ends soon.</summary>
    /// <param name="readable">Files and folders that may be read, besides the system's own.</param>
    /// <param name="writable">The only folder that may be written.</param>
    /// <returns>Whether it is restricted.</returns>
    public static bool RestrictThread(IEnumerable<string> readable, string writable)
    {
        if (!IsThere)
        {
            return false;
        }

        int version = Version();
        var attributes = new RulesetAttributes
        {
            Files = AllOfVersion1 | (version >= 2 ? Refer : 0) | (version >= 3 ? Truncate : 0),
            Network = version >= 4 ? BindAndConnect : 0,
            Scoped = version >= 6 ? SocketsAndSignals : 0,
        };
        int size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
        int ruleset = (int)Create(CreateRuleset, attributes, (nuint)size, 0);
        if (ruleset < 0)
        {
            return false;
        }

        foreach (string path in SystemFolders.Concat(readable))
        {
            Allow(ruleset, path, Directory.Exists(path) ? Reading : Execute | ReadFile);
        }

        Array.ForEach(Devices, device => Allow(ruleset, device, ReadFile | WriteFile));
        Allow(ruleset, writable, attributes.Files & ~Execute);
        bool done = Control(NoNewPrivileges, 1, 0, 0, 0) == 0 && Call(RestrictSelf, (nuint)ruleset, 0, 0) == 0;
        _ = Close(ruleset);
        return done;
    }

    private static void Allow(int ruleset, string path, ulong access)
    {
        int descriptor = Open(path, OpenPath);
        if (descriptor < 0)
        {
            return; // a folder that this system does not have
        }

        var rule = new PathRule { Allowed = access, Parent = descriptor };
        _ = Add(AddRule, (nuint)ruleset, PathBeneath, rule, 0);
        _ = Close(descriptor);
    }

    private static int Version() => (int)Call(CreateRuleset, 0, 0, VersionFlag);

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint Call(nint number, nuint first, nuint second, nuint third);

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint Create(nint number, in RulesetAttributes attributes, nuint size, nuint flags);

    [DllImport("libc", EntryPoint = "syscall")]
    private static extern nint Add(nint number, nuint ruleset, nuint kind, in PathRule rule, nuint flags);

    [DllImport("libc", EntryPoint = "prctl")]
    private static extern int Control(int option, nuint first, nuint second, nuint third, nuint fourth);

    [DllImport("libc", EntryPoint = "open")]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int descriptor);

    // struct landlock_ruleset_attr
    [StructLayout(LayoutKind.Sequential)]
    private struct RulesetAttributes
    {
        public ulong Files;
        public ulong Network;
        public ulong Scoped;
    }

    // struct landlock_path_beneath_attr, which is packed
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct PathRule
    {
        public ulong Allowed;
        public int Parent;
    }
}
