using System.Text.Json;
using System.Text.Json.Serialization;

namespace KvmSharp.Cli;

/// <summary>One row of the list of guests that come with the command; its paths are relative to the list's folder.</summary>
internal sealed record GuestEntry
{
    public required string Name { get; init; }

    public required string Image { get; init; }

    public required string Summary { get; init; }

    public required string Memory { get; init; }

    public int Cpus { get; init; } = 1;

    public ulong InstructionLimit { get; init; }

    public string? Append { get; init; }

    public string[] Modules { get; init; } = [];

    public bool DebugExit { get; init; }

    public string? Format { get; init; }
}

/// <summary>Reads the list of guests beside the command's assembly.</summary>
internal static class GuestCatalog
{
    /// <summary>Gets the folder of the guests.</summary>
    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "guests");

    /// <summary>Reads the list.</summary>
    /// <exception cref="HostException">It is not there or not readable.</exception>
    public static GuestEntry[] Read()
    {
        string path = Path.Combine(Folder, "guests.json");
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), GuestJson.Default.GuestEntryArray) ?? [];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new HostException($"The list of guests {path} cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>How the list is read, generated at compile time so that it costs no start-up.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GuestEntry[]))]
internal sealed partial class GuestJson : JsonSerializerContext;
