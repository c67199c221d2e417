using KvmSharp.Machines;

namespace KvmSharp.Cli;

/// <summary>Explains where a machine stands that does not run.</summary>
/// <param name="explainer">What explains.</param>
/// <param name="machine">The machine.</param>
/// <param name="vcpu">The processor that is asked about.</param>
internal sealed class StandingMachine(Explainer explainer, PcMachine machine, VirtualCpu vcpu)
{
    /// <summary>Explains the state.</summary>
    public Explanation Explain()
    {
        VcpuView view = VcpuView.Of(vcpu, machine.Memory);
        var place = new TraceRecord
        {
            Seq = 0,
            Kind = "instruction",
            Vcpu = vcpu.Id,
            Instructions = (long)vcpu.InstructionsRetired,
            Time = machine.Now,
            Cs = view.Special.Cs.Selector,
            Rip = view.General.Rip,
            State = view,
        };
        return explainer.ExplainState(view, place);
    }

    /// <summary>Carries out the next instruction, on a machine that serves no other purpose, and explains the fault, exit or halt that it leads to.</summary>
    /// <returns>The explanation, or null when nothing of the kind happens.</returns>
    public Explanation? ExplainNext()
    {
        if (vcpu.MpState != MpState.Runnable)
        {
            return null;
        }

        var records = new List<TraceRecord>();
        using (machine.Trace.Subscribe(
            TraceKinds.Faults | TraceKinds.Halts | TraceKinds.Exits,
            (in TraceEvent traced, ReadOnlySpan<byte> data) => records.Add(TraceRecords.Of(machine, traced, data))))
        {
            VmExit exit = vcpu.Run(maxInstructions: 1);
            if (exit.Reason is VmExitReason.Shutdown or VmExitReason.InternalError)
            {
                records.Add(TraceRecords.Of(
                    machine, new TraceEvent { Sequence = (ulong)records.Count, Kind = TraceEventKind.Exit, VcpuId = vcpu.Id, Position = vcpu.Position, Time = machine.Now, Exit = exit }, []));
            }
        }

        return records.Count == 0 ? null : explainer.Explain(records[^1], records[..^1]);
    }
}
