using System.Text.Json.Serialization;

namespace KvmSharp.Cli.Labs;

/// <summary>A lab as its <c>lab.json</c> describes it.</summary>
/// <remarks>Members with a default are set, not init: the generated reader would give an init member that is left out null.</remarks>
internal sealed record LabDescription
{
    /// <summary>Gets the number that <c>lab new N</c> takes.</summary>
    public required int Number { get; init; }

    /// <summary>Gets the title.</summary>
    public required string Title { get; init; }

    /// <summary>Gets one sentence on what the student builds.</summary>
    public required string Summary { get; init; }

    /// <summary>Gets what differs from student to student, by name.</summary>
    public Dictionary<string, LabVariable> Variables { get; set; } = [];

    /// <summary>Gets the folder that the description was read from.</summary>
    [JsonIgnore]
    public string Folder { get; set; } = string.Empty;
}

/// <summary>How a variable gets its value from the student's id: one of a list, or a multiple of a step in a range.</summary>
internal sealed record LabVariable
{
    /// <summary>Gets the values to choose from.</summary>
    public string[]? Choose { get; init; }

    /// <summary>Gets the lowest value of a range.</summary>
    public string? From { get; init; }

    /// <summary>Gets the highest value of a range.</summary>
    public string? To { get; init; }

    /// <summary>Gets the distance of the range's values; 1 unless given.</summary>
    public string Step { get; set; } = "1";
}
