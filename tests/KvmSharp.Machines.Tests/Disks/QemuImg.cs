using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace KvmSharp.Machines.Tests;

/// <summary>QEMU's image tools, as the judges of what we write and the makers of what we read.</summary>
internal static class QemuImg
{
    public static void Run(string tool, params string[] arguments)
    {
        (int status, string output) = Start(tool, arguments);
        status.Should().Be(0, $"{tool} {string.Join(' ', arguments)} says: {output}");
    }

    /// <summary>No errors and, unless leaks are allowed, no leaks: status 3 is leaks alone.</summary>
    public static void Check(string path, bool leaksAllowed = false)
    {
        (int status, string output) = Start("qemu-img", "check", "-f", "qcow2", path);
        (status == 0 || (leaksAllowed && status == 3)).Should().BeTrue($"qemu-img check says: {output}");
    }

    /// <summary>The bytes of the disk as QEMU reads them.</summary>
    public static byte[] Content(string path, string? snapshot = null)
    {
        string raw = path + ".raw";
        string[] from = snapshot is null ? [] : ["-l", "snapshot.name=" + snapshot];
        Run("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", .. from, path, raw]);
        byte[] bytes = File.ReadAllBytes(raw);
        File.Delete(raw);
        return bytes;
    }

    /// <summary>Has QEMU write, discard or zero parts of a disk.</summary>
    public static void Io(string path, params string[] commands) =>
        Run("qemu-io", ["-f", "qcow2", .. commands.SelectMany(c => new[] { "-c", c }), path]);

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string? MissingTool() => !IsThere("qemu-img") ? "qemu-img" : !IsThere("qemu-io") ? "qemu-io" : null;

    private static bool IsThere(string tool)
    {
        try
        {
            return Start(tool, "--version").Status == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private static (int Status, string Output) Start(string tool, params string[] arguments)
    {
        var info = new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(info)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.GetAwaiter().GetResult());
    }
}

/// <summary>A test that needs QEMU's image tools; elsewhere it is skipped and says so.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class QemuImgTheoryAttribute : TheoryAttribute
{
    private static readonly string? Missing = QemuImg.MissingTool();

    public QemuImgTheoryAttribute() => Skip = Missing is null ? null : $"{Missing} is not installed (package qemu-utils)";
}
