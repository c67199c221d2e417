namespace KvmSharp.Machines;

/// <summary>Tells a trace of the bytes that the guest sends to the host.</summary>
/// <param name="trace">The trace.</param>
/// <param name="current">Gives the vCPU that runs, or the first one.</param>
internal sealed class ConsoleTrace(MachineTrace trace, Func<int> current)
{
    /// <summary>Tells of a byte.</summary>
    /// <param name="console">Where it goes.</param>
    /// <param name="value">The byte.</param>
    public void Tell(TraceConsole console, byte value)
    {
        if (trace.Wants(TraceKinds.Console))
        {
            int vcpu = current();
            trace.Tell(
                new TraceEvent
                {
                    Kind = TraceEventKind.Console,
                    VcpuId = vcpu,
                    Position = trace.PositionOf(vcpu),
                    Direction = ExitDirection.Write,
                    Address = (ulong)console,
                    Width = sizeof(byte),
                    Value = value,
                },
                []);
        }
    }
}
