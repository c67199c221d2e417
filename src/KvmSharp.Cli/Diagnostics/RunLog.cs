using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>The log of a run. This one logs nothing, and so keeps the logging packages from being loaded.</summary>
internal class RunLog : IDisposable
{
    /// <summary>The log that the settings ask for.</summary>
    public static RunLog Create(RunSettings settings) =>
        settings.Verbose || settings.LogFile is not null ? SerilogRunLog.Create(settings) : new RunLog();

    /// <summary>Takes what firmware writes to its debug port, byte by byte; null when nobody reads it.</summary>
    public virtual Action<byte>? FirmwareOutput => null;

    public virtual void Booted(LoadedImage image, RunSettings settings)
    {
    }

    public virtual void Stopped(MachineStop stop, RunStatistics statistics)
    {
    }

    public virtual void Dispose()
    {
    }
}
