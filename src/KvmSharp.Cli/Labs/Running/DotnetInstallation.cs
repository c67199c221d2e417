using System.Runtime.InteropServices;

namespace KvmSharp.Cli.Labs;

/// <summary>Where the .NET that runs this command has its host, its compiler and the assemblies that programs are compiled against.</summary>
internal sealed record DotnetInstallation
{
    private const int Major = 10;

    /// <summary>Gets the path of <c>dotnet</c>.</summary>
    public required string Host { get; init; }

    /// <summary>Gets the path of the C# compiler, <c>csc.dll</c>.</summary>
    public required string Compiler { get; init; }

    /// <summary>Gets the folder of the reference assemblies.</summary>
    public required string References { get; init; }

    /// <summary>Finds them around the runtime of this process.</summary>
    /// <exception cref="HostException">The SDK is not there.</exception>
    public static DotnetInstallation Find()
    {
        // .../shared/Microsoft.NETCore.App/10.0.x/
        string root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return new DotnetInstallation
        {
            Host = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"),
            Compiler = Newest(Path.Combine(root, "sdk"), Path.Combine("Roslyn", "bincore", "csc.dll"))
                ?? throw new HostException($"The labs need the .NET {Major} SDK, not only its runtime: there is no compiler under {Path.Combine(root, "sdk")}."),
            References = Newest(Path.Combine(root, "packs", "Microsoft.NETCore.App.Ref"), Path.Combine("ref", $"net{Major}.0"))
                ?? throw new HostException($"The labs need the .NET {Major} SDK: its reference assemblies are not under {Path.Combine(root, "packs")}."),
        };
    }

    private static string? Newest(string folder, string below) => !Directory.Exists(folder) ? null : Directory.GetDirectories(folder)
        .Select(path => (Path: Path.Combine(path, below), Version: VersionOf(path)))
        .Where(found => found.Version.Major >= Major && (File.Exists(found.Path) || Directory.Exists(found.Path)))
        .OrderByDescending(found => found.Version)
        .Select(found => found.Path)
        .FirstOrDefault();

    private static Version VersionOf(string path) => Version.TryParse(Path.GetFileName(path).Split('-')[0], out Version? version) ? version : new Version(0, 0);
}
