using KvmSharp.Conformance.Replay;

namespace KvmSharp.Conformance.Results;

/// <summary>What came of one group.</summary>
/// <param name="group">Its name.</param>
internal sealed class GroupResult(string group)
{
    private const int ShownFailures = 8;
    private readonly List<string> _failures = [];

    public string Group => group;

    /// <summary>Gets the records that were replayed.</summary>
    public int Cases { get; private set; }

    public int Passed { get; private set; }

    /// <summary>Gets the records that were not replayed; they are not among the cases.</summary>
    public int Skipped => Skips.Values.Sum();

    /// <summary>Gets how many records were skipped for which reason.</summary>
    public Dictionary<SkipRule, int> Skips { get; } = [];

    /// <summary>Gets the first failure of each of the first forms that failed, with everything that differs.</summary>
    public IReadOnlyList<string> Failures => _failures;

    /// <summary>Gets the names of the forms that failed, with the number of records.</summary>
    public SortedDictionary<string, int> FailedForms { get; } = new(StringComparer.Ordinal);

    /// <summary>Counts a record that was not replayed.</summary>
    /// <param name="rule">Why.</param>
    public void Skip(SkipRule rule) => Skips[rule] = Skips.GetValueOrDefault(rule) + 1;

    /// <summary>Counts a record.</summary>
    /// <param name="record">The record.</param>
    /// <param name="line">The record as JSON, for a failure's report.</param>
    /// <param name="differences">What came out differently; none when it passed.</param>
    public void Add(Records.StepRecord record, ReadOnlySpan<byte> line, List<Difference> differences)
    {
        Cases++;
        if (differences.Count == 0)
        {
            Passed++;
            return;
        }

        string name = record.Name;
        FailedForms[name] = FailedForms.GetValueOrDefault(name) + 1;
        if (FailedForms[name] == 1 && _failures.Count < ShownFailures)
        {
            string bytes = Convert.ToHexStringLower(record.Code);
            _failures.Add($"{group}: {name} [{bytes}]\n    {string.Join("\n    ", differences)}\n    {System.Text.Encoding.UTF8.GetString(line)}");
        }
    }
}
