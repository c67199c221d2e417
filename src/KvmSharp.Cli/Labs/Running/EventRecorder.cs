using KvmSharp.Watching;

namespace KvmSharp.Cli.Labs;

/// <summary>Writes what a submission does with the bare API into the channel, and ends the process where a budget ends.</summary>
/// <remarks>
/// The exit that waits for an answer is held back until the next call: its event then has the answer. The process ends by a kill, for the
/// submission's own code must not run on behind the end of its budget.
/// </remarks>
internal sealed class EventRecorder : IEmbedderWatch
{
    private readonly Lock _gate = new();
    private readonly EventWriter _writer;
    private readonly RunnerJob _job;
    private readonly (EventPattern At, Probe Probe)[] _probes;
    private readonly List<VirtualMachine> _machines = [];
    private readonly Dictionary<VirtualCpu, (ulong Retired, ulong Wanted, ulong Given)> _vcpus = [];
    private LabEvent? _held;
    private VirtualCpu? _asker;
    private ulong _retired;
    private int _exits;
    private bool _ended;

    public EventRecorder(EventWriter writer, RunnerJob job)
    {
        (_writer, _job) = (writer, job);
        _probes = Array.ConvertAll(job.Probes, probe => (EventPattern.Parse(probe.At), probe));
    }

    /// <inheritdoc/>
    public void OnMachine(VirtualMachine vm)
    {
        lock (_gate)
        {
            _machines.Add(vm);
            Write(new LabEvent { Name = "VM", IsExit = false, Machine = _machines.Count - 1 });
        }
    }

    /// <inheritdoc/>
    public void OnSlot(VirtualMachine vm, in MemorySlot slot)
    {
        ulong[] numbers = [(ulong)slot.Id, slot.GuestPhysicalAddress, slot.Size, (ulong)slot.Options];
        lock (_gate)
        {
            Write(new LabEvent { Name = "SLOT", IsExit = false, Machine = _machines.IndexOf(vm), Numbers = numbers });
        }
    }

    /// <inheritdoc/>
    public void OnVcpu(VirtualMachine vm, VirtualCpu vcpu)
    {
        lock (_gate)
        {
            _vcpus.Add(vcpu, default);
            Write(new LabEvent { Name = "VCPU", IsExit = false, Machine = _machines.IndexOf(vm), Vcpu = vcpu.Id });
        }
    }

    /// <inheritdoc/>
    public ulong OnRunning(VirtualMachine vm, VirtualCpu vcpu, ulong maxInstructions)
    {
        lock (_gate)
        {
            Release();
            ulong given = Math.Min(maxInstructions, _job.Instructions - _retired);
            _vcpus[vcpu] = (vcpu.InstructionsRetired, maxInstructions, given);
            return given;
        }
    }

    /// <inheritdoc/>
    public void OnExit(VirtualMachine vm, VirtualCpu vcpu, in VmExit vmExit)
    {
        lock (_gate)
        {
            (ulong before, ulong wanted, ulong given) = _vcpus[vcpu];
            _retired = Math.Min(_job.Instructions, _retired + vcpu.InstructionsRetired - before);
            if (vmExit.InterruptCause == InterruptCause.Budget && given < wanted)
            {
                End(RunEnd.InstructionBudget, string.Empty);
                Kill();
            }

            bool asks = vcpu.HasPendingExit && vmExit.Direction == ExitDirection.Read;
            LabEvent e = ExitNames.ToEvent(vmExit, vcpu.HasPendingExit ? vcpu.ExitData : []) with
            {
                Machine = _machines.IndexOf(vm),
                Vcpu = vcpu.Id,
                Instructions = RetiredBy(vm),
            };
            e = e with { Probes = [.. Look(e, vm, vcpu)] };
            Release();
            if (asks)
            {
                (_held, _asker) = (e, vcpu);
            }
            else
            {
                Write(e);
            }

            CountExit();
        }
    }

    /// <inheritdoc/>
    public void OnHandled(VirtualMachine vm, in VmExit vmExit, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            LabEvent e = ExitNames.ToEvent(vmExit, data) with { Machine = _machines.IndexOf(vm), Vcpu = vmExit.VcpuId, Instructions = RetiredBy(vm) };
            Write(vmExit.Direction == ExitDirection.Read && data.Length > 0 ? ExitNames.Answered(e, data) : e);
            CountExit();
        }
    }

    /// <summary>Writes the last frame, once.</summary>
    public void End(RunEnd end, string message)
    {
        lock (_gate)
        {
            if (!_ended)
            {
                Release();
                _ended = true;
                _writer.WriteEnd(end, message);
            }
        }
    }

    private static void Kill()
    {
        using var self = System.Diagnostics.Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    private static ulong RetiredBy(VirtualMachine vm) => vm.Vcpus.Aggregate(0UL, static (sum, vcpu) => sum + vcpu.InstructionsRetired);

    private IEnumerable<ProbeResult> Look(LabEvent e, VirtualMachine vm, VirtualCpu vcpu)
    {
        for (int i = 0; i < _probes.Length; i++)
        {
            if (_probes[i].At.Matches(e))
            {
                yield return _probes[i].Probe.Look(i, vm, vcpu);
            }
        }
    }

    private void CountExit()
    {
        if (++_exits >= _job.Exits)
        {
            End(RunEnd.ExitBudget, string.Empty);
            Kill();
        }
    }

    private void Release()
    {
        if (_held is { } held)
        {
            _held = null;
            Write(_asker!.HasPendingExit ? ExitNames.Answered(held, held.Name == "HYPERCALL" ? _asker.ExitData[..sizeof(ulong)] : _asker.ExitData) : held);
        }
    }

    private void Write(LabEvent e)
    {
        if (!_ended)
        {
            Release();
            _writer.Write(e);
        }
    }
}
