namespace KvmSharp.Guests.Tests.Systems;

/// <summary>Where other people's systems lie: unpacked Debian packages, named by the environment variable KVMSHARP_SYSTEMS.</summary>
/// <remarks>
/// <c>.ci/systems DIR</c> fetches and unpacks them. Below the folder: <c>i386</c> and <c>amd64</c>, each with a kernel package and busybox-static,
/// and <c>memtest</c>. Nothing here downloads; a test whose files are missing is skipped and says which.
/// </remarks>
internal static class SystemPackages
{
    /// <summary>The environment variable.</summary>
    public const string Variable = "KVMSHARP_SYSTEMS";

    private static readonly string? Folder = Environment.GetEnvironmentVariable(Variable);

    /// <summary>Gets the kernel of an architecture.</summary>
    public static string Kernel(string architecture) => Find($"{architecture}/boot", "vmlinuz-*")!;

    /// <summary>Gets the folder of a kernel's modules.</summary>
    public static string Modules(string architecture) => Directory.GetDirectories(Path.Combine(Folder!, architecture, "lib/modules"))[0];

    /// <summary>Gets the static busybox of an architecture.</summary>
    public static string Busybox(string architecture) => Path.Combine(Folder!, architecture, "bin/busybox");

    /// <summary>Gets the 64-bit memtest86+ image, which follows the Linux boot protocol.</summary>
    public static string Memtest => Find("memtest/boot", "memtest86+x64.bin")!;

    /// <summary>Tells why the kernel or busybox of an architecture cannot be used.</summary>
    /// <returns>The reason, or null.</returns>
    public static string? WhyNoLinux(string architecture) =>
        WhyNot(Find($"{architecture}/boot", "vmlinuz-*"), $"Debian's {architecture} kernel") ?? WhyNot(Find($"{architecture}/bin", "busybox"), $"Debian's static busybox for {architecture}");

    /// <summary>Tells why memtest86+ cannot be used.</summary>
    /// <returns>The reason, or null.</returns>
    public static string? WhyNoMemtest() => WhyNot(Find("memtest/boot", "memtest86+x64.bin"), "Debian's memtest86+");

    private static string? WhyNot(string? path, string what) => path is not null ? null
        : Folder is null ? $"{Variable} does not name a folder with {what}: see .ci/systems"
        : $"{Folder}, named by {Variable}, has not {what}: see .ci/systems";

    private static string? Find(string below, string pattern)
    {
        string folder = Path.Combine(Folder ?? string.Empty, below);
        return Folder is not null && Directory.Exists(folder) ? Directory.GetFiles(folder, pattern).Order().FirstOrDefault() : null;
    }
}
