namespace KvmSharp.Cli.Labs;

/// <summary>Puts a student's values into a case.</summary>
internal static class CaseVariant
{
    /// <summary>Gives the case with every text expanded and its arguments complete.</summary>
    /// <param name="test">The case.</param>
    /// <param name="variant">The student's values, with those of the case on top.</param>
    public static LabCase Expand(LabCase test, Variant variant)
    {
        string[] arguments = test.Arguments ?? [.. test.Guests.Select(guest => $"guests/{guest}.bin")];
        return test with
        {
            Title = variant.Expand(test.Title),
            Input = variant.Expand(test.Input),
            Arguments = Array.ConvertAll(arguments, variant.Expand),
            Checks = Array.ConvertAll(test.Checks, check => Expand(check, variant)),
        };
    }

    private static LabCheck Expand(LabCheck check, Variant variant)
    {
        string? One(string? text) => text is null ? null : variant.Expand(text);
        string[]? All(string[]? texts) => texts is null ? null : Array.ConvertAll(texts, variant.Expand);
        Dictionary<string, string>? Pairs(Dictionary<string, string>? pairs) => pairs?.ToDictionary(pair => variant.Expand(pair.Key), pair => variant.Expand(pair.Value));

        return check with
        {
            Name = variant.Expand(check.Name),
            Hint = One(check.Hint),
            Exits = All(check.Exits),
            Order = All(check.Order),
            Of = All(check.Of),
            Ignore = All(check.Ignore),
            Count = One(check.Count),
            At = One(check.At),
            Registers = Pairs(check.Registers),
            Memory = Pairs(check.Memory),
            Translate = check.Translate is null ? null : Array.ConvertAll(check.Translate, t => t with { Linear = variant.Expand(t.Linear), Physical = variant.Expand(t.Physical) }),
            Output = One(check.Output),
            Until = One(check.Until),
            Is = One(check.Is),
            Min = One(check.Min),
            Max = One(check.Max),
        };
    }
}
