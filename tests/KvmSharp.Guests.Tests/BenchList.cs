using System.Text.Json;

namespace KvmSharp.Guests.Tests;

/// <summary>One row of guests/bench/bench.json: an image, and what it must compute in a full run and in a quick one.</summary>
public sealed record Bench
{
    public required string Name { get; init; }

    public required string Group { get; init; }

    public required string Checksum { get; init; }

    public required uint QuickRounds { get; init; }

    public required string QuickChecksum { get; init; }

    public string Image => $"bench/images/{Name}.elf";
}

/// <summary>The benchmarks beside the test assembly.</summary>
public static class BenchList
{
    private static readonly JsonSerializerOptions CamelCase = new(JsonSerializerDefaults.Web);

    public static IReadOnlyList<Bench> All { get; } = JsonSerializer.Deserialize<Bench[]>(File.ReadAllBytes(GuestList.PathOf("bench/bench.json")), CamelCase)!;

    public static TheoryData<string> Names()
    {
        var names = new TheoryData<string>();
        foreach (Bench bench in All)
        {
            names.Add(bench.Name);
        }

        return names;
    }
}
