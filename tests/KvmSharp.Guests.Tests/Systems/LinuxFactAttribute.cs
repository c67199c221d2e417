namespace KvmSharp.Guests.Tests.Systems;

/// <summary>A test with one architecture's kernel, skipped with the reason where that is missing.</summary>
internal sealed class LinuxFactAttribute : FactAttribute
{
    /// <param name="architecture">i386 or amd64.</param>
    /// <param name="long">Whether the test takes long: it then runs only where KVMSHARP_LONG_TESTS is 1.</param>
    /// <param name="tool">A program of the host that it needs, or null.</param>
    public LinuxFactAttribute(string architecture, bool @long = false, string? tool = null) => Skip = SystemPackages.WhyNoLinux(architecture)
        ?? (tool is not null && HostTools.Find(tool) is null ? $"{tool} is not installed" : null)
        ?? (@long ? LongTests.WhySkipped : null);
}

/// <summary>The tests that would make the suite longer than its ten minutes.</summary>
internal static class LongTests
{
    private const string Variable = "KVMSHARP_LONG_TESTS";

    /// <summary>Gets why they are skipped, or null when they run.</summary>
    public static string? WhySkipped => Environment.GetEnvironmentVariable(Variable) == "1" ? null : $"takes long: set {Variable}=1 to run it";
}
