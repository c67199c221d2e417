using System.Globalization;
using System.Text;
using KvmSharp.Machines;
using Serilog;
using Serilog.Core;
using Serilog.Events;

namespace KvmSharp.Cli;

/// <summary>Logs a run through Serilog: to standard error when verbose, to a file when one is named.</summary>
internal sealed class SerilogRunLog : RunLog
{
    private const int LongestLine = 1024;

    private readonly Logger _logger;
    private readonly StringBuilder _firmwareLine = new();

    private SerilogRunLog(Logger logger) => _logger = logger;

    public static new SerilogRunLog Create(RunSettings settings)
    {
        var configuration = new LoggerConfiguration();
        if (settings.Verbose)
        {
            // Everything to standard error: standard output is the guest's.
            configuration.WriteTo.Console(formatProvider: CultureInfo.InvariantCulture, standardErrorFromLevel: LogEventLevel.Verbose);
        }

        if (settings.LogFile is { } path)
        {
            HostFiles.Create(path, "log").Dispose(); // Serilog itself would swallow the error
            configuration.WriteTo.File(path, formatProvider: CultureInfo.InvariantCulture);
        }

        return new SerilogRunLog(configuration.CreateLogger());
    }

    public override Action<byte> FirmwareOutput => OnFirmwareByte;

    public override void Booted(LoadedImage image, RunSettings settings)
    {
        _logger.Information("Loaded {Format} image, entry {Entry:X}h, {Mode}, {Memory} MiB of memory", image.Format, image.Entry, image.Mode, settings.MemoryBytes >> 20);
        foreach (string note in image.Notes)
        {
            _logger.Warning("{Note}", note);
        }
    }

    public override void Stopped(MachineStop stop, RunStatistics statistics) => _logger.Information(
        "Stopped by {Reason} after {Instructions} instructions in {Seconds:F3} s", stop.Reason, statistics.Instructions, statistics.Elapsed.TotalSeconds);

    // Line by line; a guest that never ends one gets it cut.
    private void OnFirmwareByte(byte value)
    {
        if (value != '\n')
        {
            _firmwareLine.Append(value is >= 0x20 and < 0x7F ? (char)value : ' ');
        }

        if (value == '\n' || _firmwareLine.Length == LongestLine)
        {
            _logger.Information("Firmware: {Line:l}", _firmwareLine.ToString().TrimEnd());
            _firmwareLine.Clear();
        }
    }

    public override void Dispose()
    {
        _logger.Dispose();
        base.Dispose();
    }
}
