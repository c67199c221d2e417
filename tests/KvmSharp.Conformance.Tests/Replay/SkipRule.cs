using KvmSharp.Conformance.Records;

namespace KvmSharp.Conformance.Replay;

/// <summary>Why some records are not replayed: what their processor did is not what the manual of the modelled ones says.</summary>
/// <param name="Reason">What the recorded processor does differently.</param>
/// <param name="Reference">The manual that says what is right.</param>
internal sealed record SkipRule(string Reason, string Reference)
{
    // None is needed now: every record of both sets is replayed and agrees.
    private static readonly (SkipRule Rule, Func<RealModeRecord, bool> Covers)[] RealModeRules = [];

    /// <summary>Finds the rule that a record of the real-mode set falls under.</summary>
    /// <param name="record">The record.</param>
    /// <returns>The rule, or null when the record is to be replayed.</returns>
    public static SkipRule? Find(RealModeRecord record) => Array.Find(RealModeRules, rule => rule.Covers(record)).Rule;
}
