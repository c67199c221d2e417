namespace KvmSharp.Conformance.Replay;

/// <summary>One thing that came out differently.</summary>
/// <param name="What">What: a register, an address.</param>
/// <param name="Expected">What was recorded.</param>
/// <param name="Actual">What came out.</param>
internal sealed record Difference(string What, string Expected, string Actual)
{
    private const int ShownBytes = 32;

    public static Difference Number(string what, UInt128 expected, UInt128 actual) => new(what, $"{expected:x}", $"{actual:x}");

    public static Difference Memory(ulong address, ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual) =>
        new($"[{address:x}]", Show(expected), Show(actual));

    /// <inheritdoc/>
    public override string ToString() => $"{What}: expected {Expected}, got {Actual}";

    private static string Show(ReadOnlySpan<byte> bytes) => bytes.Length <= ShownBytes
        ? Convert.ToHexStringLower(bytes)
        : Convert.ToHexStringLower(bytes[..ShownBytes]) + $"... ({bytes.Length} bytes)";
}
