using System.Globalization;
using System.Text.Json;
using KvmSharp.Machines;

namespace KvmSharp.Guests.Tests;

/// <summary>One row of guests.json; paths are relative to the guests' folder.</summary>
public sealed record Guest
{
    public required string Name { get; init; }

    public required string Image { get; init; }

    public required string Source { get; init; }

    public required string Memory { get; init; }

    public int Cpus { get; init; } = 1;

    public required ulong InstructionLimit { get; init; }

    public required string Expected { get; init; }

    public string? Input { get; init; }

    public string? Append { get; init; }

    public string[] Modules { get; init; } = [];

    public bool DebugExit { get; init; }

    public int ExitStatus { get; init; }

    /// <summary>The list writes all sizes in megabytes.</summary>
    public ulong MemoryBytes => ulong.Parse(Memory.TrimEnd('M'), CultureInfo.InvariantCulture) << 20;

    /// <summary>Makes the options of its machine, without a serial host.</summary>
    public PcOptions Options() => new()
    {
        Boot = new BootSource
        {
            Image = Read(Image),
            Append = Append ?? string.Empty,
            Modules = [.. Modules.Select(Read)],
        },
        MemoryBytes = MemoryBytes,
        Cpus = Cpus,
        DebugExit = DebugExit,
    };

    public override string ToString() => Name;

    private ImageFile Read(string path) => ImageFile.Read(GuestList.PathOf(path), MemoryBytes, path);
}

/// <summary>The guests beside the test assembly.</summary>
public static class GuestList
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    public static string Folder { get; } = Path.Combine(AppContext.BaseDirectory, "guests");

    public static IReadOnlyList<Guest> All { get; } = JsonSerializer.Deserialize<Guest[]>(File.ReadAllBytes(PathOf("guests.json")), CamelCase)!;

    public static TheoryData<string> Names()
    {
        var names = new TheoryData<string>();
        foreach (Guest guest in All)
        {
            names.Add(guest.Name);
        }

        return names;
    }

    public static string PathOf(string relative) => Path.Combine(Folder, relative);
}
