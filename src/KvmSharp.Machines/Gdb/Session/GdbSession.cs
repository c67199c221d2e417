namespace KvmSharp.Machines.Gdb;

/// <summary>What one client and the stub have agreed on, and the client's packets while the guest stands still.</summary>
internal sealed class GdbSession
{
    private readonly GdbConnection _connection;
    private bool _toldOfMode;

    /// <param name="connection">The client.</param>
    /// <param name="target">The machine.</param>
    /// <param name="current">The processor to look at first.</param>
    public GdbSession(GdbConnection connection, GdbTarget target, int current)
    {
        _connection = connection;
        Target = target;
        LastStop = StopReply.Plain(current, interrupted: false);
        Current = current;
    }

    public GdbTarget Target { get; }

    /// <summary>Gets or sets the processor whose registers and memory the client means.</summary>
    public int Current { get; set; }

    /// <summary>Gets or sets the processor that the packets c and s mean; null for all.</summary>
    public int? Resuming { get; set; }

    /// <summary>Gets or sets a value indicating whether the client knows swbreak and hwbreak.</summary>
    public bool TellsBreakpoints { get; set; }

    /// <summary>Gets the last stop reply, for the packet ?.</summary>
    public string LastStop { get; private set; }

    public VirtualCpu Vcpu => Target.Vcpus[Current];

    /// <summary>Gets the registers that this connection shows: a client reads their description once, so they stay the same when the mode changes.</summary>
    public TargetArchitecture Architecture => field ??= Target.ChosenArchitecture ?? Target.PresentArchitecture;

    /// <summary>Answers a packet.</summary>
    /// <param name="packet">The packet.</param>
    /// <returns>What the guest does now.</returns>
    public CommandResult Answer(string packet)
    {
        CommandResult result = CommandTable.Default.Execute(this, packet);
        if (result.Reply is { } reply)
        {
            _connection.Send(reply);
        }

        return result;
    }

    /// <summary>Ends acknowledgements: the line is reliable.</summary>
    public void StopAcknowledging() => _connection.StopAcknowledging();

    /// <summary>Tells the client, who waits for it, that the guest has stopped.</summary>
    /// <param name="reply">The stop reply.</param>
    /// <param name="vcpu">The processor to look at.</param>
    public void TellStop(string reply, int vcpu)
    {
        (LastStop, Current) = (reply, vcpu);
        if (!_toldOfMode && Target.PresentArchitecture != Architecture && Target.ChosenArchitecture is null)
        {
            _toldOfMode = true;
            Say($"kvmsharp: this connection shows the registers of {Architecture.Name}, the guest is in a mode with those of "
                + $"{Target.PresentArchitecture.Name} now. 'disconnect' and 'target remote' again to see them; the guest stays where it is.\n");
        }

        _connection.Send(reply);
    }

    /// <summary>Tells the client, who waits for a stop, that the guest has ended.</summary>
    public void TellEnd(MachineStop stop) => _connection.Send(StopReply.End(stop));

    /// <summary>Prints at the client's console. Only while it waits for a stop.</summary>
    public void Say(string text) => _connection.Send($"O{HexText.OfText(text)}");
}
