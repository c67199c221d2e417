using KvmSharp.Machines;

namespace KvmSharp.Testing;

/// <summary>All that a builder has collected.</summary>
internal sealed record GuestDescription
{
    /// <summary>What the PC is built from.</summary>
    public required PcOptions Options { get; init; }

    /// <summary>The values of the debug-exit port that mean success.</summary>
    public required IReadOnlyCollection<int> PassValues { get; init; }

    /// <summary>Names of addresses for reports, read when the first report is made; null inside when there are none.</summary>
    public required Lazy<SymbolTable?> Symbols { get; init; }
}
