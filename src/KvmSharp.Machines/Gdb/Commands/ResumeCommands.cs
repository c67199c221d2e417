namespace KvmSharp.Machines.Gdb;

/// <summary>Going on: c, s and their like for all processors alike, vCont with an action for each.</summary>
internal static class ResumeCommands
{
    public static void Register(CommandTable table)
    {
        table.Add("c", static (session, arguments) => Resume(session, ResumeKind.Continue, arguments));
        table.Add("s", static (session, arguments) => Resume(session, ResumeKind.Step, arguments));
        table.Add("C", static (session, arguments) => Resume(session, ResumeKind.Continue, BehindSignal(arguments)));
        table.Add("S", static (session, arguments) => Resume(session, ResumeKind.Step, BehindSignal(arguments)));
        table.Add("vCont?", static (_, _) => "vCont;c;C;s;S;r");
        table.Add("vCont", static (session, arguments) => ResumeEach(session, arguments));
    }

    // A signal means nothing to a machine: an interrupt comes from a device.
    private static string BehindSignal(string arguments) => arguments.IndexOf(';', StringComparison.Ordinal) is >= 0 and var at ? arguments[(at + 1)..] : string.Empty;

    // A step is that of the chosen processor; the others go on meanwhile.
    private static CommandResult Resume(GdbSession session, ResumeKind kind, string address)
    {
        if (address.Length != 0)
        {
            if (!HexText.TryNumber(address, out ulong pointer))
            {
                return CommandResult.Error(Errno.Invalid);
            }

            session.Vcpu.SetRegisters(session.Vcpu.GetRegisters() with { Rip = pointer });
        }

        int stepped = session.Resuming ?? session.Current;
        return Go(session, vcpu => new ResumeAction(vcpu == stepped ? kind : ResumeKind.Continue));
    }

    // ;ACTION[:THREAD]... The first action that fits a thread is its own; a thread that none fits stands still.
    private static CommandResult ResumeEach(GdbSession session, string arguments)
    {
        var chosen = new Dictionary<int, ResumeAction>();
        foreach (string part in arguments.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = part.Split(':');
            int? only = null;
            if (words.Length > 2 || !TryAction(words[0], out ResumeAction action) || (words.Length == 2 && !ThreadCommands.TryParse(session, words[1], out only)))
            {
                return CommandResult.Error(Errno.Invalid);
            }

            foreach (VirtualCpu vcpu in session.Target.Vcpus.Where(vcpu => only is null || vcpu.Id == only))
            {
                chosen.TryAdd(vcpu.Id, action);
            }
        }

        return chosen.Count == 0 ? CommandResult.Error(Errno.Invalid) : Go(session, vcpu => chosen.GetValueOrDefault(vcpu, new ResumeAction(ResumeKind.Hold)));
    }

    private static bool TryAction(string text, out ResumeAction action)
    {
        if (text is ['r', .. var range])
        {
            ulong start = 0;
            ulong end = 0;
            bool isRange = range.Split(',') is [var first, var last] && HexText.TryNumber(first, out start) && HexText.TryNumber(last, out end);
            action = new ResumeAction(ResumeKind.Step, start, Math.Max(start, end));
            return isRange;
        }

        bool continues = text is "c" or ['C', _, _];
        action = new ResumeAction(continues ? ResumeKind.Continue : ResumeKind.Step);
        return continues || text is "s" or ['S', _, _];
    }

    private static CommandResult Go(GdbSession session, Func<int, ResumeAction> actionOf) =>
        new(null, CommandNext.Resume, new ResumeRequest([.. session.Target.Vcpus.Select(vcpu => actionOf(vcpu.Id))]));
}
