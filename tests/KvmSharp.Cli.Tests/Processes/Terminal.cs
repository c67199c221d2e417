using System.Diagnostics;
using System.Text;

namespace KvmSharp.Cli.Tests;

/// <summary>Runs shell commands on a terminal, which util-linux's script makes.</summary>
internal static class Terminal
{
    public const string Script = "/usr/bin/script";

    /// <summary>Gets the start of a command line that runs kvmsharp.</summary>
    public static string Command => $"dotnet exec '{Path.Combine(AppContext.BaseDirectory, "kvmsharp.dll")}'";

    /// <summary>Runs a command and types once it has shown something.</summary>
    /// <param name="command">The command line.</param>
    /// <param name="marker">What it shows when it listens.</param>
    /// <param name="typed">What is typed then, in one go as a paste is.</param>
    public static (int Status, string Output) Run(string command, string marker, string typed)
    {
        var info = new ProcessStartInfo(Script, ["-qec", command, "/dev/null"]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        using Process process = Process.Start(info)!;
        var output = new StringBuilder();
        var buffer = new char[4096];
        using var reader = new StreamReader(process.StandardOutput.BaseStream, Encoding.UTF8);
        bool hasTyped = false;
        for (int count = reader.Read(buffer); count > 0; count = reader.Read(buffer))
        {
            output.Append(buffer, 0, count);
            if (!hasTyped && output.ToString().Contains(marker, StringComparison.Ordinal))
            {
                process.StandardInput.Write(typed);
                process.StandardInput.Flush();
                hasTyped = true;
            }
        }

        process.WaitForExit();
        return (process.ExitCode, output.ToString());
    }
}

/// <summary>A fact that needs <see cref="Terminal"/>.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class OnTerminalFactAttribute : FactAttribute
{
    public OnTerminalFactAttribute()
    {
        Skip = File.Exists(Terminal.Script) ? null : $"{Terminal.Script} (package bsdutils) is not installed.";
    }
}
