using System.Diagnostics;

namespace KvmSharp.Guests.Tests;

public class RebuildTests
{
    [ToolchainFact]
    public void Build_FromSources_GivesTheCommittedBytes()
    {
        DirectoryInfo output = Directory.CreateTempSubdirectory("kvmsharp-guests-");
        try
        {
            using Process build = Process.Start(new ProcessStartInfo("bash", [GuestList.PathOf("build.sh"), output.FullName]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
            Task<string> said = build.StandardOutput.ReadToEndAsync();
            string errors = build.StandardError.ReadToEnd();
            build.WaitForExit();
            build.ExitCode.Should().Be(0, "{0}{1}", said.GetAwaiter().GetResult(), errors);

            foreach (string image in GuestList.All.Select(guest => guest.Image).Concat(BenchList.All.Select(bench => bench.Image)))
            {
                byte[] built = File.ReadAllBytes(Path.Combine(output.FullName, image));
                built.Should().Equal(File.ReadAllBytes(GuestList.PathOf(image)), "{0} was built from these sources", image);
            }
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }
}

/// <summary>A test that needs the assembler and the compiler which made the committed images; elsewhere it is skipped and says why.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ToolchainFactAttribute : FactAttribute
{
    private const string CompilerVersion = "12"; // another one may order code differently

    public ToolchainFactAttribute()
    {
        string? gcc = OutputOf("gcc", "-dumpversion");
        Skip = OutputOf("bash", "--version") is null ? "bash is not installed"
            : OutputOf("nasm", "-v") is null ? "nasm is not installed"
            : gcc is null ? "gcc is not installed"
            : gcc.Split('.')[0].Trim() != CompilerVersion ? $"gcc is version {gcc.Trim()}; the images were made by {CompilerVersion}"
            : OutputOf("gcc", "-m32 -ffreestanding -x c -c /dev/null -o /dev/null") is null ? "gcc cannot compile for 32 bits (-m32)"
            : null;
    }

    private static string? OutputOf(string tool, string arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(tool, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : null;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
