namespace KvmSharp.Machines.Gdb;

/// <summary>What the processors do next, one action for each, by their ids.</summary>
/// <param name="Actions">The actions.</param>
internal sealed record ResumeRequest(IReadOnlyList<ResumeAction> Actions);

/// <summary>What one processor does next.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="RangeStart">The first instruction pointer of a range that is stepped through without a stop.</param>
/// <param name="RangeEnd">Its end, exclusive; a step alone has an empty range.</param>
internal readonly record struct ResumeAction(ResumeKind Kind, ulong RangeStart = 0, ulong RangeEnd = 0)
{
    /// <summary>Tells whether a step that ended at an instruction pointer goes on.</summary>
    public bool StaysIn(ulong pointer) => pointer - RangeStart < RangeEnd - RangeStart;
}

/// <summary>Kinds of <see cref="ResumeAction"/>.</summary>
internal enum ResumeKind
{
    Hold,
    Continue,
    Step,
}
