using System.CommandLine;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options that choose what is told of a run: trace, coverage, explanation.</summary>
internal sealed class TraceOptions
{
    private const ulong DefaultLimit = 10_000_000;

    private readonly Option<TraceKinds?> _trace = TextOption.Parsed<TraceKinds?>(
        "--trace", "KINDS", $"Trace {TraceList.Words}, with commas between; interrupts include exceptions", TryParseKinds, $"{TraceList.Words}, with commas between", null);

    private readonly Option<string?> _file = TextOption.Text("--trace-file", "FILE", "Write the trace to a file instead of standard error");

    private readonly Option<string> _format = TextOption.Choice("--trace-format", "text: lines to read; jsonl: one JSON object a line, which `kvmsharp explain` reads", "text", "text", "jsonl");

    private readonly Option<IReadOnlyList<ObservedRange>?> _memory = TextOption.Parsed<IReadOnlyList<ObservedRange>?>(
        "--trace-memory", "RANGES", "Guest-physical memory whose accesses are traced: 0x1000+16, with commas between", TryParseRanges, "addresses with lengths, such as 0x1000+16,0xB8000+4000", null);

    private readonly Option<ulong?> _limit = TextOption.Parsed<ulong?>(
        "--trace-limit", "N", "Events to write; the rest are counted [default: 10 million]", TryParseLimit, "a number above 0", null);

    private readonly Option<string?> _coverage = TextOption.Text("--coverage", "FILE", "Count executed instructions and write a report when the guest has stopped; the guest is interpreted");

    private readonly Option<string> _coverageFormat = TextOption.Choice("--coverage-format", "cobertura: XML for coverage viewers; text: a listing", "cobertura", "cobertura", "text");

    private readonly Option<string?> _symbols = TextOption.Text("--symbols", "FILE", "An ELF file or a map (lines of address and name, as nm and System.map have them) that names addresses [default: the booted ELF file]");

    private readonly Option<bool> _explain = TextOption.Flag("--explain", "When the guest ends by a fault, a halt or something not emulated, explain it on standard error");

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_trace, _file, _format, _memory, _limit, _coverage, _coverageFormat, _symbols, _explain])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Completes settings with what was given.</summary>
    public RunSettings Apply(ParseResult parsed, RunSettings settings)
    {
        IReadOnlyList<ObservedRange> ranges = parsed.GetValue(_memory) ?? [];
        TraceKinds kinds = parsed.GetValue(_trace) ?? TraceKinds.None;
        return settings with
        {
            Trace = kinds | (ranges.Count > 0 ? TraceKinds.Memory : TraceKinds.None),
            TraceFile = parsed.GetValue(_file),
            TraceAsJson = parsed.GetValue(_format) == "jsonl",
            TraceMemory = ranges,
            TraceLimit = (long)Math.Min(parsed.GetValue(_limit) ?? DefaultLimit, long.MaxValue),
            Coverage = parsed.GetValue(_coverage),
            CoverageAsText = parsed.GetValue(_coverageFormat) == "text",
            Symbols = parsed.GetValue(_symbols),
            Explain = parsed.GetValue(_explain),
        };
    }

    private static bool TryParseKinds(string text, out TraceKinds? kinds)
    {
        bool ok = TraceList.TryParse(text, out TraceKinds found);
        kinds = found;
        return ok;
    }

    private static bool TryParseLimit(string text, out ulong? limit)
    {
        bool ok = Quantities.TryParseCount(text, out ulong count);
        limit = count;
        return ok;
    }

    private static bool TryParseRanges(string text, out IReadOnlyList<ObservedRange>? ranges)
    {
        bool ok = TraceList.TryParseRanges(text, out IReadOnlyList<ObservedRange> found);
        ranges = found;
        return ok;
    }
}
