using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>What the two sides can do, the target description, and the user's <c>monitor</c> commands.</summary>
internal static class QueryCommands
{
    public static void Register(CommandTable table)
    {
        table.Add("qSupported", static (session, arguments) =>
        {
            session.TellsBreakpoints = arguments.Contains("swbreak+", StringComparison.Ordinal) && arguments.Contains("hwbreak+", StringComparison.Ordinal);
            return $"PacketSize={HexText.OfNumber(PacketDecoder.LargestPacket)};QStartNoAckMode+;qXfer:features:read+;vContSupported+;swbreak+;hwbreak+";
        });
        table.Add("QStartNoAckMode", static (session, _) =>
        {
            session.StopAcknowledging();
            return CommandResult.Ok;
        });
        table.Add("qXfer:features:read", ReadFeatures);
        table.Add("qAttached", static (_, _) => "1"); // the guest is older than the connection: gdb detaches when it quits
        table.Add("qRcmd", RunMonitor);
        table.Add("?", static (session, _) => session.LastStop);
        table.Add("D", static (_, _) => new CommandResult(CommandResult.Ok, CommandNext.Detach));
        table.Add("k", static (_, _) => new CommandResult(null, CommandNext.Kill));
        table.Add("vKill", static (_, _) => new CommandResult(CommandResult.Ok, CommandNext.Kill));
    }

    // target.xml:OFFSET,LENGTH
    private static CommandResult ReadFeatures(GdbSession session, string arguments)
    {
        string[] parts = arguments.TrimStart(':').Split(':', ',');
        if (parts is not [var annex, var offsetText, var lengthText]
            || !HexText.TryNumber(offsetText, out ulong offset)
            || !HexText.TryNumber(lengthText, out ulong length))
        {
            return CommandResult.Error(Errno.Invalid);
        }

        if (annex != "target.xml")
        {
            return "E00"; // no such annex
        }

        string xml = session.Architecture.Description;
        int start = (int)Math.Min(offset, (ulong)xml.Length);
        int count = (int)Math.Min(Math.Min(length, PacketDecoder.LargestPacket / 2), (ulong)(xml.Length - start));
        return string.Concat(start + count == xml.Length ? "l" : "m", xml.AsSpan(start, count));
    }

    private static CommandResult RunMonitor(GdbSession session, string arguments)
    {
        if (!HexText.TryBytes(arguments.TrimStart(','), out byte[] text))
        {
            return CommandResult.Error(Errno.Invalid);
        }

        string answer = MonitorTable.Run(session, Encoding.UTF8.GetString(text));
        return answer.Length == 0 ? CommandResult.Ok : HexText.OfText(answer);
    }
}
