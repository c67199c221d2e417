using KvmSharp.Conformance.Records;

namespace KvmSharp.Conformance.Replay;

/// <summary>Why some records are not replayed: what their processor did is not what the manual of the modelled ones says.</summary>
/// <param name="Reason">What the recorded processor does differently.</param>
/// <param name="Reference">The manual that says what is right.</param>
internal sealed record SkipRule(string Reason, string Reference)
{
    private static readonly SkipRule StringFault = new(
        "An 80286 that meets the segment limit in a string instruction has moved SI or DI already; later processors restore them.",
        "Intel SDM Vol. 3A, \"Exception Classifications\": a fault leaves the state as it was before the instruction");

    /// <summary>Finds the rule that a record of the real-mode set falls under.</summary>
    /// <param name="record">The record.</param>
    /// <returns>The rule, or null when the record is to be replayed.</returns>
    public static SkipRule? Find(RealModeRecord record) =>
        record.ExceptionVector == (int)Cpu.Vector.GeneralProtection && StringInstruction.Matches(record.Code, out _) ? StringFault : null;
}
