using System.IO.Enumeration;

namespace KvmSharp.Conformance.Sources;

/// <summary>Which groups a developer wants to see; everything unless KVMSHARP_VECTORS_GROUPS says otherwise.</summary>
/// <param name="patterns">Patterns with <c>*</c> and <c>?</c>, separated by commas: <c>m32/x87</c>, <c>m*/seg,realmode*</c>. Empty for all.</param>
internal sealed class GroupFilter(string? patterns)
{
    /// <summary>Environment variable with the patterns.</summary>
    public const string GroupsVariable = "KVMSHARP_VECTORS_GROUPS";

    private readonly string[] _patterns =
        (patterns ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    /// <summary>Takes the patterns from the environment.</summary>
    /// <returns>The filter.</returns>
    public static GroupFilter FromEnvironment() => new(Environment.GetEnvironmentVariable(GroupsVariable));

    /// <summary>Tests a group.</summary>
    /// <param name="group">Its name.</param>
    /// <returns>Whether it is wanted.</returns>
    public bool Matches(string group) =>
        _patterns.Length == 0 || Array.Exists(_patterns, pattern => FileSystemName.MatchesSimpleExpression(pattern, group));
}
