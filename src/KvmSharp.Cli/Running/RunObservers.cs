using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Those who look at a run: trace, coverage, explanation.</summary>
internal sealed class RunObservers : IDisposable
{
    private readonly RunSettings _settings;
    private readonly TraceWriter? _trace;
    private PcMachine? _machine;
    private SymbolTable? _symbols;
    private RunExplainer? _explainer;

    /// <summary>Opens their files, before the guest runs.</summary>
    /// <exception cref="HostException">One cannot be written.</exception>
    public RunObservers(RunSettings settings)
    {
        _settings = settings;
        _trace = TraceWriter.Create(settings);
        if (settings.Coverage is not null)
        {
            CoverageFiles.Check(settings);
        }
    }

    /// <summary>Begins to look.</summary>
    /// <param name="machine">The machine, which has not run yet.</param>
    /// <param name="booted">What it has booted, if that is known.</param>
    /// <exception cref="ImageException">The symbols that were asked for cannot be read.</exception>
    public void Connect(PcMachine machine, BootSource? booted)
    {
        _machine = machine;
        _symbols = _settings.Coverage is not null || _settings.Explain ? GuestSymbols.Find(_settings, booted) : null;
        machine.Trace.WatchedMemory = _settings.TraceMemory;
        _trace?.Connect(machine);
        _explainer = _settings.Explain ? new RunExplainer(machine, _symbols) : null;
        machine.CountsInstructions = _settings.Coverage is not null;
    }

    /// <summary>Writes what there is to write of a machine that has stopped.</summary>
    public void Finish(MachineStop stop)
    {
        _trace?.Finish(stop);
        if (_settings.Coverage is not null)
        {
            CoverageFiles.Write(_machine!, _settings, _symbols);
        }
    }

    /// <summary>Explains why the machine has stopped, if that was asked for.</summary>
    public void Explain(MachineStop stop, TextWriter writer) => _explainer?.Print(stop, writer);

    /// <inheritdoc/>
    public void Dispose() => _trace?.Dispose();
}
