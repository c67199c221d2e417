using System.Buffers.Binary;

namespace KvmSharp.Machines;

/// <summary>Makes trace events of exits and of what devices do.</summary>
internal static class ExitTrace
{
    /// <summary>Tells of an exit.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="vmExit">The exit.</param>
    /// <param name="data">What it moved, behind the answer.</param>
    public static void Tell(MachineTrace trace, in VmExit vmExit, ReadOnlySpan<byte> data)
    {
        TraceEventKind kind = vmExit.Reason switch
        {
            VmExitReason.Io => TraceEventKind.Port,
            VmExitReason.Mmio => TraceEventKind.Mmio,
            VmExitReason.Hypercall => TraceEventKind.Hypercall,
            _ => TraceEventKind.Exit,
        };
        if (!trace.Wants(kind.AsKinds()))
        {
            return;
        }

        var traced = new TraceEvent
        {
            Kind = kind,
            VcpuId = vmExit.VcpuId,
            Position = trace.PositionOf(vmExit.VcpuId),
            Exit = vmExit,
            Direction = vmExit.Direction,
            Address = vmExit.Address,
            Width = vmExit.Width,
            Value = FirstOf(data),
            Vector = vmExit.Vector,
        };
        trace.Tell(traced, data);
    }

    /// <summary>Tells of an access that no device answers.</summary>
    /// <param name="trace">The trace.</param>
    /// <param name="vcpuId">The vCPU that made it.</param>
    /// <param name="access">The access.</param>
    public static void Tell(MachineTrace trace, int vcpuId, in UnmappedAccess access)
    {
        if (trace.Wants(TraceKinds.Unmapped))
        {
            var traced = new TraceEvent
            {
                Kind = TraceEventKind.Unmapped,
                VcpuId = vcpuId,
                Position = trace.PositionOf(vcpuId),
                Exit = access.Space == AccessSpace.Port
                    ? VmExit.Io(vcpuId, access.Direction, (ushort)access.Address, access.Width, 1, access.Value)
                    : VmExit.Mmio(vcpuId, access.Direction, access.Address, access.Width, access.Value),
                Direction = access.Direction,
                Address = access.Address,
                Width = access.Width,
                Value = access.Value,
            };
            trace.Tell(traced, []);
        }
    }

    private static ulong FirstOf(ReadOnlySpan<byte> data)
    {
        Span<byte> wide = stackalloc byte[sizeof(ulong)];
        wide.Clear();
        data[..Math.Min(data.Length, sizeof(ulong))].CopyTo(wide);
        return BinaryPrimitives.ReadUInt64LittleEndian(wide);
    }
}
