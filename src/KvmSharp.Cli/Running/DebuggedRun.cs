using KvmSharp.Machines;
using KvmSharp.Machines.Gdb;

namespace KvmSharp.Cli;

/// <summary>Runs a machine, under a remote stub when the command line asks for one.</summary>
internal sealed class DebuggedRun : IDisposable
{
    private readonly GdbServer? _server;
    private readonly bool _waits;

    private DebuggedRun(GdbServer? server, bool waits) => (_server, _waits) = (server, waits);

    /// <summary>Begins to listen, before anything of the guest is made.</summary>
    /// <param name="settings">What the command line asks for.</param>
    /// <param name="errors">Takes where to connect, and what debuggers do.</param>
    /// <exception cref="IOException">Nobody can listen there; the message says why.</exception>
    public static DebuggedRun Open(RunSettings settings, TextWriter errors)
    {
        if (settings.Gdb is not { } address)
        {
            return new DebuggedRun(null, waits: false);
        }

        SocketListener listener = SocketListener.Open(address);
        errors.WriteLine($"kvmsharp: gdb may connect: target remote {listener.Place}");
        return new DebuggedRun(new GdbServer(listener) { Log = line => errors.WriteLine($"kvmsharp: {line}") }, settings.WaitForGdb);
    }

    /// <summary>Runs the machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="limits">The limits.</param>
    /// <returns>Why it stopped.</returns>
    public MachineStop Run(PcMachine machine, MachineRunOptions limits) =>
        _server is null ? machine.Run(limits) : _server.Run(machine, limits, _waits);

    /// <summary>Stops listening.</summary>
    public void Dispose() => _server?.Dispose();
}
