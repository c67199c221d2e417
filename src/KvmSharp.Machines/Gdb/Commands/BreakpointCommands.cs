namespace KvmSharp.Machines.Gdb;

/// <summary>Breakpoints and watchpoints; conditions stay with the client.</summary>
internal static class BreakpointCommands
{
    public static void Register(CommandTable table)
    {
        table.Add("Z", static (session, arguments) => !TryParse(session, arguments, out BreakpointKey? breakpoint) ? CommandResult.Error(Errno.Invalid)
            : breakpoint is not { } known ? CommandResult.Unsupported
            : session.Target.TryAdd(known) ? CommandResult.Ok
            : CommandResult.Error(Errno.Invalid));
        table.Add("z", static (session, arguments) =>
        {
            if (!TryParse(session, arguments, out BreakpointKey? breakpoint))
            {
                return CommandResult.Error(Errno.Invalid);
            }

            if (breakpoint is not { } known)
            {
                return CommandResult.Unsupported;
            }

            session.Target.Remove(known);
            return CommandResult.Ok;
        });
    }

    // TYPE,ADDRESS,KIND, and what is behind a semicolon we have not asked for.
    private static bool TryParse(GdbSession session, string arguments, out BreakpointKey? breakpoint)
    {
        breakpoint = null;
        if (arguments.Split(';')[0].Split(',') is not [var type, var addressText, var kindText]
            || !HexText.TryNumber(type, out ulong number)
            || !HexText.TryNumber(addressText, out ulong address)
            || !HexText.TryNumber(kindText, out ulong kind))
        {
            return false;
        }

        if (number <= (ulong)BreakpointType.Access)
        {
            breakpoint = new BreakpointKey((BreakpointType)number, LinearMemory.Wrap(session.Architecture, address), kind);
        }

        return true;
    }
}
