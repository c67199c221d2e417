using System.Globalization;

namespace KvmSharp.Machines.Gdb;

/// <summary>Processors as threads: thread n is processor n - 1.</summary>
internal static class ThreadCommands
{
    public static void Register(CommandTable table)
    {
        table.Add("qfThreadInfo", static (session, _) => "m" + string.Join(',', session.Target.Vcpus.Select(static vcpu => StopReply.ThreadOf(vcpu.Id))));
        table.Add("qsThreadInfo", static (_, _) => "l");
        table.Add("qC", static (session, _) => $"QC{StopReply.ThreadOf(session.Current)}");
        table.Add("qThreadExtraInfo", static (session, arguments) =>
            TryParse(session, arguments.TrimStart(','), out int? vcpu) && vcpu is { } id ? HexText.OfText(Describe(session.Target.Vcpus[id])) : CommandResult.Error(Errno.Invalid));
        table.Add("T", static (session, arguments) => TryParse(session, arguments, out int? vcpu) && vcpu is not null ? CommandResult.Ok : CommandResult.Error(Errno.Invalid));
        table.Add("H", Select);
    }

    /// <summary>Reads a thread's number.</summary>
    /// <param name="session">The session.</param>
    /// <param name="text">The number; 0 for any thread and -1 for all.</param>
    /// <param name="vcpu">The processor, or null for any or all.</param>
    /// <returns>Whether there is such a thread.</returns>
    public static bool TryParse(GdbSession session, string text, out int? vcpu)
    {
        vcpu = null;
        if (text is "0" or "-1")
        {
            return true;
        }

        bool exists = HexText.TryNumber(text, out ulong number) && number - 1 < (ulong)session.Target.Vcpus.Count;
        vcpu = exists ? (int)number - 1 : null;
        return exists;
    }

    // Hg: for registers and memory. Hc: for c and s.
    private static CommandResult Select(GdbSession session, string arguments)
    {
        if (arguments.Length < 2 || !TryParse(session, arguments[1..], out int? vcpu))
        {
            return CommandResult.Error(Errno.Invalid);
        }

        switch (arguments[0])
        {
            case 'g':
                session.Current = vcpu ?? session.Current;
                return CommandResult.Ok;
            case 'c':
                session.Resuming = vcpu;
                return CommandResult.Ok;
            default:
                return CommandResult.Unsupported;
        }
    }

    private static string Describe(VirtualCpu vcpu)
    {
        SpecialRegisters special = vcpu.GetSpecialRegisters();
        string mode = ProcessorMode.Describe(vcpu);
        return vcpu.MpState == MpState.Runnable
            ? string.Create(CultureInfo.InvariantCulture, $"processor {vcpu.Id}, {mode}, CPL {special.Ss.Dpl}")
            : string.Create(CultureInfo.InvariantCulture, $"processor {vcpu.Id}, {mode}, {vcpu.MpState}");
    }
}
