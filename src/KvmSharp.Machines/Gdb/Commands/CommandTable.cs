namespace KvmSharp.Machines.Gdb;

/// <summary>Carries out a packet.</summary>
/// <param name="session">Whose it is.</param>
/// <param name="arguments">What follows the name.</param>
internal delegate CommandResult CommandHandler(GdbSession session, string arguments);

/// <summary>All packets by name. GDB manual, "Packets" and "General Query Packets".</summary>
internal sealed class CommandTable
{
    private readonly Dictionary<string, CommandHandler> _handlers = new(StringComparer.Ordinal);

    private CommandTable()
    {
        QueryCommands.Register(this);
        ThreadCommands.Register(this);
        RegisterCommands.Register(this);
        MemoryCommands.Register(this);
        BreakpointCommands.Register(this);
        ResumeCommands.Register(this);
    }

    public static CommandTable Default { get; } = new();

    /// <summary>Adds a packet.</summary>
    /// <param name="name">Its name: a letter, or for those that begin with q, Q and v a word.</param>
    /// <param name="handler">What it does.</param>
    public void Add(string name, CommandHandler handler) => _handlers.Add(name, handler);

    /// <summary>Carries out a packet.</summary>
    /// <returns>Its answer; the empty one for packets that are not here, as the protocol asks.</returns>
    public CommandResult Execute(GdbSession session, string packet)
    {
        string name = NameOf(packet);
        try
        {
            return _handlers.TryGetValue(name, out CommandHandler? handler) ? handler(session, packet[name.Length..]) : CommandResult.Unsupported;
        }
        catch (KvmException e)
        {
            return CommandResult.Error(e.Errno);
        }
    }

    // Names of several letters end where their arguments are set off.
    private static string NameOf(string packet)
    {
        if (packet.Length == 0 || packet[0] is not ('q' or 'Q' or 'v'))
        {
            return packet.Length == 0 ? packet : packet[..1];
        }

        int end = packet.AsSpan().IndexOfAny(":;,");
        string word = end < 0 ? packet : packet[..end];
        return word == "qXfer" ? string.Join(':', packet.Split(':').Take(3)) : word;
    }
}
