using System.Diagnostics;

namespace KvmSharp.Guests.Tests.Systems;

/// <summary>Programs of the host that some tests need.</summary>
internal static class HostTools
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':'), "/usr/sbin", "/sbin"];

    /// <summary>Finds a program.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>Its path, or null.</returns>
    public static string? Find(string name) => Folders.Where(f => f.Length > 0).Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <returns>Its exit status.</returns>
    public static int Run(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Find(name)!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        process.StandardError.ReadToEnd();
        output.Wait();
        process.WaitForExit();
        return process.ExitCode;
    }
}
