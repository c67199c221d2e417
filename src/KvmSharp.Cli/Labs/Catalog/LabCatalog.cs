using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace KvmSharp.Cli.Labs;

/// <summary>The labs that lie beside the command.</summary>
internal static class LabCatalog
{
    public const string DescriptionFile = "lab.json";
    public const string TestsFile = "tests.json";

    /// <summary>Gets the folder of the labs.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "labs");

    /// <summary>Reads all labs, by number.</summary>
    /// <exception cref="HostException">A description is missing or malformed.</exception>
    public static IReadOnlyList<LabDescription> Read() => Directory.Exists(Folder)
        ? [.. Directory.GetFiles(Folder, DescriptionFile, new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 })
            .Select(file => ReadJson(file, LabJson.Default.LabDescription) with { Folder = Path.GetDirectoryName(file)! })
            .OrderBy(lab => lab.Number)]
        : throw new HostException($"The folder of the labs, {Folder}, is not there.");

    /// <summary>Finds a lab.</summary>
    /// <returns>The lab, or null when there is none of that number.</returns>
    public static LabDescription? Find(int number) => Read().FirstOrDefault(lab => lab.Number == number);

    /// <summary>Reads the visible cases of a lab.</summary>
    public static LabCase[] VisibleCases(LabDescription lab) => ReadJson(Path.Combine(lab.Folder, TestsFile), LabJson.Default.LabTests).Cases;

    /// <summary>Gets the folder where the hidden tests of a lab lie: its own slot, or one in a folder of the instructor's.</summary>
    /// <param name="lab">The lab.</param>
    /// <param name="given">The instructor's folder, which has a folder for each lab; null for the slot.</param>
    public static string HiddenFolder(LabDescription lab, string? given) =>
        given is null ? Path.Combine(lab.Folder, "hidden") : Path.Combine(given, Path.GetFileName(lab.Folder));

    /// <summary>Reads the hidden cases of a lab: those of every JSON document in their folder.</summary>
    public static LabCase[] HiddenCases(string folder) => Directory.Exists(folder)
        ? [.. Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal).SelectMany(file => ReadJson(file, LabJson.Default.LabTests).Cases)]
        : [];

    /// <summary>Reads one document.</summary>
    public static T ReadJson<T>(string path, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type) ?? throw new HostException($"{path} is empty.");
        }
        catch (JsonException e)
        {
            throw new HostException(string.Create(CultureInfo.InvariantCulture, $"{path}({e.LineNumber + 1}): {e.Message}"), e);
        }
    }
}
