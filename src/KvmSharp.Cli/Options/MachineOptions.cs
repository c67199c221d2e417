using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The options of every verb that runs a guest.</summary>
internal sealed class MachineOptions
{
    private const ulong PageBytes = PcLayout.PageBytes;

    private readonly Option<ulong?> _memory = TextOption.Parsed<ulong?>(
        "--memory", "SIZE", $"RAM of the guest: 64K, 256M, 1G [default: {PcOptions.DefaultMemoryBytes >> 20}M]", Optional<ulong>(Quantities.TryParseSize), "a size such as 64K, 64M or 1G", null);

    private readonly Option<ulong> _cpus = TextOption.Parsed<ulong>(
        "--cpus", "N", "Processors, 1 to 8: a thread each, or turns with --deterministic", Quantities.TryParseCount, "a number above 0", 1);

    private readonly Option<string> _apic = TextOption.Choice("--apic", "Local APICs and an IO-APIC, told by CPUID, ACPI and MP table together; off leaves the 8259s alone", "on", "on", "off");

    private readonly Option<CpuModel> _cpu = CreateCpu();

    private readonly Option<string> _serial = TextOption.Parsed(
        "--serial", "stdio|none|file:PATH", "Where the serial port goes", (string text, out string value) => SerialTarget.IsValid(value = text), "stdio, none or file:PATH", "stdio");

    private readonly DeviceOptions _devices = new();

    private readonly Option<string> _screen = TextOption.Choice(
        "--screen", "text draws the VGA text screen in the terminal and types on the guest's keyboard; the serial port then goes nowhere unless --serial file:PATH says where", "none", "none", "text");

    private readonly Option<string?> _screenshot = TextOption.Text("--screenshot-at-exit", "FILE", "Write the VGA's picture to a PNG file when the guest has stopped");

    private readonly Option<string> _debugExit = TextOption.Choice("--debug-exit", "QEMU's debug-exit port F4h: a write of v ends with status (v << 1) | 1", "off", "on", "off");

    private readonly Option<ulong?> _maxInstructions = TextOption.Parsed<ulong?>(
        "--max-instructions", "N", "End after N instructions, and unless comparing with status 6 [default: no limit]", Optional<ulong>(Quantities.TryParseCount), "a number above 0", null);

    private readonly Option<TimeSpan?> _timeout = TextOption.Parsed<TimeSpan?>(
        "--timeout", "DURATION", "End with status 124 after this time: 500ms, 30s, 2m [default: no limit]", Optional<TimeSpan>(Quantities.TryParseDuration), "a duration such as 500ms, 30s or 2m", null);

    private readonly Option<bool> _deterministic = TextOption.Flag("--deterministic", "Time is the count of instructions: the same input gives the same run");

    private readonly Option<DateTimeOffset?> _clockStart = TextOption.Parsed<DateTimeOffset?>(
        "--rtc-start", "TIME", "What the clock chip shows at the start, in UTC: 2000-01-01T00:00:00 [default: now; with --deterministic always the same]", Optional<DateTimeOffset>(TryParseTime), "a time such as 2000-01-01T00:00:00", null);

    private readonly EngineOptions _engine = new();

    private readonly TraceOptions _trace = new();

    private readonly GdbOptions _gdb = new();

    private readonly Option<bool> _stats = TextOption.Flag("--stats", "At the end print instructions, MIPS, time, exits and what the engine did to standard error");

    private readonly Option<string> _statsFormat = TextOption.Choice("--stats-format", "How --stats prints", "table", "table", "json");

    private readonly Option<bool> _noReboot = TextOption.Flag("--no-reboot", "A guest's reset ends the run");

    private readonly Option<bool> _failOnUnmapped = TextOption.Flag("--fail-on-unmapped", "End with status 8 when the guest accesses a port or address without a device");

    private readonly Option<bool> _verbose = TextOption.Flag("--verbose", "Log what the machine does to standard error");

    private readonly Option<string?> _logFile = TextOption.Text("--log-file", "FILE", "Log what the machine does to a file");

    /// <summary>Adds all options to a verb.</summary>
    public void AddTo(Command command)
    {
        AddGuestTo(command);
        _engine.AddTo(command);
        _trace.AddTo(command);
        _gdb.AddTo(command);
        Add(command, [_serial, _screen, _screenshot, _deterministic, _stats, _statsFormat, _verbose, _logFile]);
        command.Validators.Add(result =>
        {
            if (FaultOfTerminal(result) is { } fault)
            {
                result.AddError(fault);
            }
        });
    }

    /// <summary>Adds the options of a verb that runs a guest on engines of its own choice, in deterministic time and without a terminal.</summary>
    public void AddComparedTo(Command command)
    {
        AddGuestTo(command);
        _engine.AddCodeCacheTo(command);
    }

    private void AddGuestTo(Command command)
    {
        Add(command, [_memory, _cpu, _cpus, _apic, _debugExit, _maxInstructions, _timeout, _clockStart, _noReboot, _failOnUnmapped]);
        _devices.AddTo(command);
        _memory.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Quantities.TryParseSize(result.Tokens[^1].Value, out ulong bytes) && FaultOfMemory(bytes) is { } fault)
            {
                result.AddError(fault);
            }
        });
        command.Validators.Add(result =>
        {
            if (FaultOfProcessors(result) is { } fault)
            {
                result.AddError(fault);
            }
        });
        _cpus.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Quantities.TryParseCount(result.Tokens[^1].Value, out ulong count) && count > PcOptions.MostCpus)
            {
                result.AddError($"--cpus may be at most {PcOptions.MostCpus}.");
            }
        });
    }

    /// <summary>Collects what was given.</summary>
    public RunSettings Read(ParseResult parsed) => _trace.Apply(parsed, new RunSettings
    {
        MemoryBytes = parsed.GetValue(_memory) ?? PcOptions.DefaultMemoryBytes,
        MemoryIsGiven = parsed.GetResult(_memory) is { Implicit: false },
        Cpu = parsed.GetValue(_cpu)!,
        Cpus = (int)parsed.GetValue(_cpus),
        Apic = parsed.GetValue(_apic) == "on",
        Serial = SerialOf(parsed),
        Devices = _devices.Read(parsed),
        TextScreen = parsed.GetValue(_screen) == "text",
        Screenshot = parsed.GetValue(_screenshot),
        DebugExit = parsed.GetValue(_debugExit) == "on",
        MaxInstructions = parsed.GetValue(_maxInstructions) ?? ulong.MaxValue,
        Timeout = parsed.GetValue(_timeout),
        Deterministic = parsed.GetValue(_deterministic),
        ClockStart = parsed.GetValue(_clockStart),
        Engine = _engine.Engine(parsed),
        CodeCacheBytes = _engine.CodeCache(parsed),
        Gdb = _gdb.Address(parsed),
        WaitForGdb = _gdb.Waits(parsed),
        Statistics = parsed.GetValue(_stats),
        StatisticsAsJson = parsed.GetValue(_statsFormat) == "json",
        NoReboot = parsed.GetValue(_noReboot),
        FailOnUnmapped = parsed.GetValue(_failOnUnmapped),
        Verbose = parsed.GetValue(_verbose),
        LogFile = parsed.GetValue(_logFile),
    });

    private static void Add(Command command, ReadOnlySpan<Option> options)
    {
        foreach (Option option in options)
        {
            command.Options.Add(option);
        }
    }

    private string? FaultOfTerminal(CommandResult result) => _devices.HasConsole(result) && result.GetResult(_screen) is { Tokens: [.., { Value: "text" }] }
        ? "--screen text and --device virtio-console both take the terminal: leave one of them out."
        : null;

    // Values that are wrong by themselves are told of by their own options.
    private string? FaultOfProcessors(CommandResult result)
    {
        static string? Given(OptionResult? option) => option is { Tokens: [.., var last] } ? last.Value : null;

        bool several = Quantities.TryParseCount(Given(result.GetResult(_cpus)) ?? "1", out ulong count) && count > 1;
        CpuModel? model = CpuModel.Find(Given(result.GetResult(_cpu)) ?? CpuModel.Max.Name);
        return !several ? null
            : Given(result.GetResult(_apic)) == "off" ? "--cpus above 1 needs APICs: leave out --apic off, or give --cpus 1."
            : model is { HasLocalApic: false } ? $"--cpus above 1 needs APICs, which --cpu {model} does not have: give --cpus 1 or a later model."
            : null;
    }

    // The terminal has one use at a time.
    private SerialTarget SerialOf(ParseResult parsed)
    {
        SerialTarget target = parsed.GetValue(_serial) is { } text ? SerialTarget.Parse(text) : new SerialTarget(SerialTargetKind.None);
        bool isTaken = target.Kind == SerialTargetKind.StandardStreams
            && (parsed.GetValue(_screen) == "text" || _devices.Read(parsed).HasFlag(OptionalDevices.VirtioConsole));
        return isTaken ? new SerialTarget(SerialTargetKind.None) : target;
    }

    private static Option<CpuModel> CreateCpu()
    {
        string[] names = [.. CpuModel.All.Select(model => model.Name)];
        Option<CpuModel> option = TextOption.Parsed<CpuModel>(
            "--cpu",
            string.Join('|', names),
            "Processor model: what CPUID offers; instructions that it lacks raise #UD",
            (string text, out CpuModel model) => (model = CpuModel.Find(text) ?? CpuModel.Max).Name.Equals(text, StringComparison.OrdinalIgnoreCase),
            string.Join(" or ", names),
            CpuModel.Max);
        option.CompletionSources.Add(names);
        return option;
    }

    private static bool TryParseTime(string text, out DateTimeOffset value) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out value);

    // Of a value whose default is not shown as it is, or is the absence of a value.
    private static TryParse<T?> Optional<T>(TryParse<T> parse)
        where T : struct => (string text, out T? value) =>
        {
            bool ok = parse(text, out T found);
            value = found;
            return ok;
        };

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
