using System.Text;

namespace KvmSharp.Machines.Gdb;

/// <summary>Memory at linear addresses of the chosen processor.</summary>
internal static class MemoryCommands
{
    public static void Register(CommandTable table)
    {
        table.Add("m", static (session, arguments) => Read(session, arguments));
        table.Add("M", static (session, arguments) => Write(session, arguments, static data => HexText.TryBytes(data, out byte[] bytes) ? bytes : null));
        table.Add("X", static (session, arguments) => Write(session, arguments, Encoding.Latin1.GetBytes));
    }

    // ADDRESS,LENGTH. A shorter answer is allowed, so no length is too large.
    private static string Read(GdbSession session, string arguments)
    {
        if (!TryPlace(arguments, out ulong address, out ulong length))
        {
            return CommandResult.Error(Errno.Invalid);
        }

        var bytes = new byte[(int)Math.Min(length, (PacketDecoder.LargestPacket / 2) - 1)];
        int count = session.Target.Memory.Read(session.Vcpu, address, bytes);
        return count == 0 && length != 0 ? CommandResult.Error(Errno.Fault) : HexText.OfBytes(bytes.AsSpan(0, count));
    }

    // ADDRESS,LENGTH:DATA
    private static string Write(GdbSession session, string arguments, Func<string, byte[]?> decode)
    {
        int colon = arguments.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0
            || !TryPlace(arguments[..colon], out ulong address, out ulong length)
            || decode(arguments[(colon + 1)..]) is not { } bytes
            || (ulong)bytes.Length != length)
        {
            return CommandResult.Error(Errno.Invalid);
        }

        return session.Target.Memory.TryWrite(session.Vcpu, address, bytes) ? CommandResult.Ok : CommandResult.Error(Errno.Fault);
    }

    private static bool TryPlace(string text, out ulong address, out ulong length)
    {
        (address, length) = (0, 0);
        return text.Split(',') is [var first, var second] && HexText.TryNumber(first, out address) && HexText.TryNumber(second, out length);
    }
}
