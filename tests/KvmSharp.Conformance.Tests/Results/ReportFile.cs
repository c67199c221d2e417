using System.Globalization;
using System.Runtime.InteropServices;

namespace KvmSharp.Conformance.Results;

/// <summary>Puts the table into a Markdown file, between two marks that the file holds already.</summary>
internal static class ReportFile
{
    /// <summary>Environment variable: the file, which is <c>docs/conformance.md</c> when the documentation is to be brought up to date.</summary>
    public const string FileVariable = "KVMSHARP_CONFORMANCE_REPORT";

    private const string Begin = "<!-- table: begin -->\n";
    private const string End = "<!-- table: end -->\n";

    /// <summary>Writes the file that the environment names, if it does.</summary>
    /// <param name="report">The results.</param>
    public static void WriteIfAsked(ConformanceReport report)
    {
        string? path = Environment.GetEnvironmentVariable(FileVariable);
        if (!string.IsNullOrEmpty(path))
        {
            File.WriteAllText(path, Insert(File.ReadAllText(path), Describe(report)));
        }
    }

    /// <summary>Puts text between the marks.</summary>
    /// <param name="page">The page.</param>
    /// <param name="text">What to put there.</param>
    /// <returns>The new page.</returns>
    /// <exception cref="InvalidDataException">The page has no marks.</exception>
    public static string Insert(string page, string text)
    {
        int begin = page.IndexOf(Begin, StringComparison.Ordinal);
        int end = page.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? page[..(begin + Begin.Length)] + text + page[end..]
            : throw new InvalidDataException($"the page lacks the lines {Begin.TrimEnd()} and {End.TrimEnd()}");
    }

    private static string Describe(ConformanceReport report)
    {
        string architecture = RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd}, {architecture} host with {Environment.ProcessorCount} cores: {report.Cases} cases, {report.Passed} passed, {report.Skipped} skipped.\n\n{report.ToMarkdown()}");
    }
}
