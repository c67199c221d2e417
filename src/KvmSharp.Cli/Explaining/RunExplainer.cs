using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Explains the end of a run: keeps what happened last, and says it when the machine has stopped.</summary>
internal sealed class RunExplainer
{
    private const int MostKept = 64;
    private const TraceKinds Notable = TraceKinds.Exits | TraceKinds.Interrupts | TraceKinds.Halts;

    private readonly PcMachine _machine;
    private readonly Explainer _explainer;
    private readonly Queue<TraceRecord> _last = new();

    /// <summary>Begins to listen.</summary>
    public RunExplainer(PcMachine machine, SymbolTable? symbols)
    {
        _machine = machine;
        _explainer = new Explainer(symbols);
        machine.Trace.Subscribe(Notable, OnEvent);
    }

    /// <summary>Explains why the machine has stopped.</summary>
    public void Print(MachineStop stop, TextWriter writer)
    {
        TraceRecord[] all = [.. _last];
        int at = Array.FindLastIndex(all, static r => r.Kind == "exit");
        bool isGuests = stop.Reason is not (MachineStopReason.Budget or MachineStopReason.Cancelled or MachineStopReason.UnmappedAccess);
        Explanation explanation = isGuests && at >= 0 ? _explainer.Explain(all[at], all[..at]) : new StandingMachine(_explainer, _machine, _machine.Vcpu).Explain();
        explanation.Print(writer);
    }

    private void OnEvent(in TraceEvent traced, ReadOnlySpan<byte> data)
    {
        if (_last.Count == MostKept)
        {
            _last.Dequeue();
        }

        _last.Enqueue(TraceRecords.Of(_machine, traced, data));
    }
}
