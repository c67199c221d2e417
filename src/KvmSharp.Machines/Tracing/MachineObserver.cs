namespace KvmSharp.Machines;

/// <summary>Makes trace events of what vCPUs show.</summary>
/// <param name="trace">The trace.</param>
internal sealed class MachineObserver(MachineTrace trace) : IVcpuObserver
{
    /// <inheritdoc/>
    public void OnEvent(in ObservedEvent observed)
    {
        TraceEventKind kind = observed.Kind switch
        {
            ObservedEventKind.ExternalInterrupt => TraceEventKind.Interrupt,
            ObservedEventKind.SoftwareInterrupt => TraceEventKind.SoftwareInterrupt,
            _ => TraceEventKind.Fault,
        };
        if (trace.Wants(kind.AsKinds()))
        {
            var traced = new TraceEvent
            {
                Kind = kind,
                VcpuId = observed.VcpuId,
                Position = observed.Position,
                Vector = observed.Vector,
                ErrorCode = observed.ErrorCode,
                Address = observed.Address,
            };
            trace.Tell(traced, []);
        }
    }

    /// <inheritdoc/>
    public void OnHalt(int vcpuId, in VcpuPosition position) => Tell(TraceEventKind.Halt, vcpuId, position);

    /// <inheritdoc/>
    public void OnInstruction(int vcpuId, in VcpuPosition position) => Tell(TraceEventKind.Instruction, vcpuId, position);

    /// <inheritdoc/>
    public void OnMemoryAccess(in ObservedAccess access)
    {
        if (trace.Wants(TraceKinds.Memory))
        {
            var traced = new TraceEvent
            {
                Kind = TraceEventKind.Memory,
                VcpuId = access.VcpuId,
                Position = access.Position,
                Direction = access.Direction,
                Address = access.Address,
                Width = access.Width,
                Value = access.Value,
            };
            trace.Tell(traced, []);
        }
    }

    private void Tell(TraceEventKind kind, int vcpuId, in VcpuPosition position)
    {
        if (trace.Wants(kind.AsKinds()))
        {
            trace.Tell(new TraceEvent { Kind = kind, VcpuId = vcpuId, Position = position }, []);
        }
    }
}
