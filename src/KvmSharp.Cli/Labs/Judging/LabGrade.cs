namespace KvmSharp.Cli.Labs;

/// <summary>The result of one check.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Points">The points it gave.</param>
/// <param name="Max">The points it could give.</param>
/// <param name="Message">What was wrong; null when nothing was.</param>
internal sealed record CheckResult(string Name, int Points, int Max, string? Message);

/// <summary>The result of one case.</summary>
internal sealed record CaseResult
{
    public required string Name { get; init; }

    public required string Title { get; init; }

    /// <summary>Gets a value indicating whether the student may not see it before the grades are published.</summary>
    public required bool IsHidden { get; init; }

    public required IReadOnlyList<CheckResult> Checks { get; init; }

    public int Points => Checks.Sum(check => check.Points);

    public int Max => Checks.Sum(check => check.Max);
}

/// <summary>The mark of one submission.</summary>
internal sealed record LabGrade
{
    public required LabDescription Lab { get; init; }

    public required string Student { get; init; }

    /// <summary>Gets what kept the submission from running at all: the compiler's messages, or a missing file.</summary>
    public required IReadOnlyList<string> Errors { get; init; }

    public required IReadOnlyList<CaseResult> Cases { get; init; }

    public int Points => Cases.Sum(result => result.Points);

    public int Max => Cases.Sum(result => result.Max);

    public bool IsFull => Errors.Count == 0 && Points == Max;

    /// <summary>Gets the first thing that is wrong; null when nothing is.</summary>
    public string? FirstMessage => Errors is [var error, ..] ? error
        : Cases.SelectMany(result => result.Checks.Select(check => (result.Name, check.Message))).Where(found => found.Message is not null)
            .Select(found => $"{found.Name}: {found.Message}").FirstOrDefault();
}
