using System.Diagnostics;

namespace KvmSharp.Machines.Tests;

/// <summary>A test that needs Intel's ACPI compiler; without it the test is skipped.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class IaslFactAttribute : FactAttribute
{
    public IaslFactAttribute()
    {
        if (!Run("-v", out _))
        {
            Skip = "iasl is not installed (Debian: acpica-tools)";
        }
    }

    /// <summary>Runs the compiler.</summary>
    /// <returns>Whether it is there and ended with status 0.</returns>
    public static bool Run(string arguments, out string output)
    {
        output = string.Empty;
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("iasl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd() + errors.Result;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
