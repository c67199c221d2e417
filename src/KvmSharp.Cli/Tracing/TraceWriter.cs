using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Writes what happens in a machine to a file or standard error, one event a line, up to a number of events.</summary>
internal sealed class TraceWriter : IDisposable
{
    private readonly RunSettings _settings;
    private readonly TextWriter _writer;
    private readonly bool _ownsWriter;
    private PcMachine? _machine;
    private long _events;

    private TraceWriter(RunSettings settings, TextWriter writer, bool ownsWriter) => (_settings, _writer, _ownsWriter) = (settings, writer, ownsWriter);

    /// <summary>Makes a trace, or null when none is asked for.</summary>
    public static TraceWriter? Create(RunSettings settings)
    {
        if (settings.Trace == TraceKinds.None)
        {
            return null;
        }

        return settings.TraceFile is null
            ? new TraceWriter(settings, StandardStreams.Errors, ownsWriter: false)
            : new TraceWriter(settings, new StreamWriter(HostFiles.Create(settings.TraceFile, "trace")), ownsWriter: true);
    }

    /// <summary>Begins to write.</summary>
    public void Connect(PcMachine machine)
    {
        _machine = machine;
        machine.Trace.Subscribe(_settings.Trace, OnEvent);
        if (_settings.TraceAsJson)
        {
            machine.Trace.Record(_settings.Trace, capacity: 1); // for the hash
        }
    }

    /// <summary>Ends the trace of a machine that has stopped.</summary>
    public void Finish(MachineStop stop)
    {
        long dropped = Math.Max(0, _events - _settings.TraceLimit);
        if (_settings.TraceAsJson)
        {
            VcpuPosition position = _machine!.Vcpu.Position;
            _writer.WriteLine(TraceJson.Write(new TraceRecord
            {
                Seq = _events,
                Kind = TraceRecord.EndKind,
                Vcpu = 0,
                Instructions = (long)position.Instructions,
                Time = _machine.Now,
                Cs = position.CodeSegment,
                Rip = position.Rip,
                Reason = stop.Reason.ToString(),
                Events = _events,
                Dropped = dropped,
                Hash = _machine.Trace.Hash,
            }));
        }
        else if (dropped > 0)
        {
            _writer.WriteLine($"{dropped} more events are beyond --trace-limit");
        }

        _writer.Flush();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_ownsWriter)
        {
            _writer.Dispose();
        }
    }

    private void OnEvent(in TraceEvent traced, ReadOnlySpan<byte> data)
    {
        if (_events++ < _settings.TraceLimit)
        {
            _writer.WriteLine(_settings.TraceAsJson ? TraceJson.Write(TraceRecords.Of(_machine!, traced, data)) : TextTrace.Line(_machine!, traced, data));
        }
    }
}
