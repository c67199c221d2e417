using System.CommandLine;
using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options of every verb that runs a guest.</summary>
internal sealed class MachineOptions
{
    private const ulong PageBytes = PcLayout.PageBytes;

    private readonly Option<ulong> _memory = TextOption.Parsed<ulong>(
        "--memory", "SIZE", "RAM of the guest: 64K, 64M, 1G [default: 64M]", Quantities.TryParseSize, "a size such as 64K, 64M or 1G", PcOptions.DefaultMemoryBytes);

    private readonly Option<ulong> _cpus = TextOption.Parsed<ulong>(
        "--cpus", "N", "Processors; only 1 for now [default: 1]", Quantities.TryParseCount, "a number above 0", 1);

    private readonly Option<CpuModel> _cpu = CreateCpu();

    private readonly Option<string> _serial = TextOption.Parsed(
        "--serial", "stdio|none|file:PATH", "Where the serial port goes [default: stdio]", (string text, out string value) => SerialTarget.IsValid(value = text), "stdio, none or file:PATH", "stdio");

    private readonly Option<string> _debugExit = TextOption.Choice("--debug-exit", "QEMU's debug-exit port F4h: a write of v ends with status (v << 1) | 1", "off", "on", "off");

    private readonly Option<ulong> _maxInstructions = TextOption.Parsed<ulong>(
        "--max-instructions", "N", "End with status 6 after N instructions", Quantities.TryParseCount, "a number above 0", ulong.MaxValue);

    private readonly Option<TimeSpan> _timeout = TextOption.Parsed<TimeSpan>(
        "--timeout", "DURATION", "End with status 124 after this time: 500ms, 30s, 2m", Quantities.TryParseDuration, "a duration such as 500ms, 30s or 2m", TimeSpan.Zero);

    private readonly Option<bool> _deterministic = TextOption.Flag("--deterministic", "Time is the count of instructions: the same input gives the same run");

    private readonly Option<DateTimeOffset?> _clockStart = TextOption.Parsed<DateTimeOffset?>(
        "--rtc-start", "TIME", "What the clock chip shows at the start, in UTC: 2000-01-01T00:00:00", TryParseTime, "a time such as 2000-01-01T00:00:00", null);

    private readonly Option<string> _engine = TextOption.Choice("--engine", "The engine; auto takes the fastest there is, now the interpreter", "auto", "interpreter", "auto");

    private readonly Option<TraceKinds> _trace = TextOption.Parsed<TraceKinds>(
        "--trace", "KINDS", "Trace exits, instructions, interrupts (exceptions too) or unmapped, with commas between", TraceList.TryParse, "exits, instructions, interrupts or unmapped, with commas between", TraceKinds.None);

    private readonly Option<string?> _traceFile = TextOption.Text("--trace-file", "FILE", "Write the trace to a file instead of standard error");

    private readonly Option<bool> _stats = TextOption.Flag("--stats", "At the end print exits, instructions, MIPS and time to standard error");

    private readonly Option<string> _statsFormat = TextOption.Choice("--stats-format", "How --stats prints", "table", "table", "json");

    private readonly Option<bool> _noReboot = TextOption.Flag("--no-reboot", "A guest's reset ends the run");

    private readonly Option<bool> _failOnUnmapped = TextOption.Flag("--fail-on-unmapped", "End with status 8 when the guest accesses a port or address without a device");

    private readonly Option<bool> _verbose = TextOption.Flag("--verbose", "Log what the machine does to standard error");

    private readonly Option<string?> _logFile = TextOption.Text("--log-file", "FILE", "Log what the machine does to a file");

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        Option[] all =
        [
            _memory, _cpu, _cpus, _serial, _debugExit, _maxInstructions, _timeout, _deterministic, _clockStart, _engine, _trace, _traceFile,
            _stats, _statsFormat, _noReboot, _failOnUnmapped, _verbose, _logFile,
        ];
        foreach (Option option in all)
        {
            command.Options.Add(option);
        }

        _memory.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Quantities.TryParseSize(result.Tokens[^1].Value, out ulong bytes) && FaultOfMemory(bytes) is { } fault)
            {
                result.AddError(fault);
            }
        });
        _cpus.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Quantities.TryParseCount(result.Tokens[^1].Value, out ulong count) && count > 1)
            {
                result.AddError("--cpus above 1 needs interrupt controllers for several processors, which the board has not yet: give 1.");
            }
        });
    }

    /// <summary>Collects what was given.</summary>
    public RunSettings Read(ParseResult parsed) => new()
    {
        MemoryBytes = parsed.GetValue(_memory),
        MemoryIsGiven = parsed.GetResult(_memory) is { Implicit: false },
        Cpu = parsed.GetValue(_cpu)!,
        Serial = SerialTarget.Parse(parsed.GetValue(_serial)!),
        DebugExit = parsed.GetValue(_debugExit) == "on",
        MaxInstructions = parsed.GetValue(_maxInstructions),
        Timeout = parsed.GetValue(_timeout) is { Ticks: > 0 } timeout ? timeout : null,
        Deterministic = parsed.GetValue(_deterministic),
        ClockStart = parsed.GetValue(_clockStart),
        Trace = parsed.GetValue(_trace),
        TraceFile = parsed.GetValue(_traceFile),
        Statistics = parsed.GetValue(_stats),
        StatisticsAsJson = parsed.GetValue(_statsFormat) == "json",
        NoReboot = parsed.GetValue(_noReboot),
        FailOnUnmapped = parsed.GetValue(_failOnUnmapped),
        Verbose = parsed.GetValue(_verbose),
        LogFile = parsed.GetValue(_logFile),
    };

    private static Option<CpuModel> CreateCpu()
    {
        string[] names = [.. CpuModel.All.Select(model => model.Name)];
        Option<CpuModel> option = TextOption.Parsed<CpuModel>(
            "--cpu",
            string.Join('|', names),
            "Processor model: what CPUID offers; instructions that it lacks raise #UD [default: max]",
            (string text, out CpuModel model) => (model = CpuModel.Find(text) ?? CpuModel.Max).Name.Equals(text, StringComparison.OrdinalIgnoreCase),
            string.Join(" or ", names),
            CpuModel.Max);
        option.CompletionSources.Add(names);
        return option;
    }

    private static bool TryParseTime(string text, out DateTimeOffset? value)
    {
        bool ok = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
        value = time;
        return ok;
    }

    private static string? FaultOfMemory(ulong bytes)
    {
        ulong host = (ulong)GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return bytes == 0 ? "--memory must be above 0: give a size such as 64M."
            : bytes % PageBytes != 0 ? $"--memory must be a multiple of {PageBytes} bytes (4K): {bytes} is not."
            : bytes > PcLayout.LargestMemory ? $"--memory may be at most {PcLayout.LargestMemory >> 30}G."
            : bytes > host ? $"--memory asks for more than the host has, which is {host >> 20}M: give less."
            : null;
    }
}
