using System.Globalization;

namespace KvmSharp.Machines.Gdb;

/// <summary>What a user may ask of the machine by gdb's <c>monitor</c>. Nothing here changes what the guest computes.</summary>
internal static class MonitorTable
{
    private static readonly (string Usage, string Does, Func<GdbSession, string[], string> Run)[] Commands =
    [
        ("help", "these lines", static (_, _) => Help()),
        ("exits", "the exits of each processor so far, by reason and by port", static (session, _) => ExitReport.Write(session.Target.Machine)),
        ("walk ADDRESS", "the page walk of a linear address, entry by entry", Walk),
        ("devices", "who answers at which ports and addresses, and what is on the PCI bus", static (session, _) => DeviceReport.Write(session.Target.Machine)),
        ("regs", "all registers, the hidden parts of the segments too", static (session, _) => RegisterReport.Write(session.Vcpu)),
        ("arch auto|i386|x86-64", "the registers that connections from the next one on show", ChooseArchitecture),
    ];

    /// <summary>Runs a command.</summary>
    /// <param name="session">Who asks.</param>
    /// <param name="line">The command and its arguments.</param>
    /// <returns>Lines of text.</returns>
    public static string Run(GdbSession session, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string name = words.FirstOrDefault("help");
        foreach ((string usage, _, Func<GdbSession, string[], string> run) in Commands)
        {
            if (usage.Split(' ')[0] == name)
            {
                return run(session, words);
            }
        }

        return $"There is no command '{name}'.\n{Help()}";
    }

    private static string Help() => string.Concat(Commands.Select(static c => $"{c.Usage,-22} {c.Does}\n"));

    private static string Walk(GdbSession session, string[] words)
    {
        string text = words is [_, var only] ? only : string.Empty;
        bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
        bool isNumber = isHex
            ? HexText.TryNumber(text.AsSpan(2), out ulong address)
            : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out address);
        return isNumber ? WalkReport.Write(session.Vcpu, address) : "walk takes one address: 0xffffffff81000000, or a decimal number.\n";
    }

    private static string ChooseArchitecture(GdbSession session, string[] words)
    {
        string choice = words is [_, var only] ? only : string.Empty;
        if (choice is not ("auto" or "i386" or "x86-64"))
        {
            return "arch takes auto, i386 or x86-64.\n";
        }

        session.Target.ChosenArchitecture = choice switch
        {
            "i386" => TargetArchitecture.I386,
            "x86-64" => TargetArchitecture.Amd64,
            _ => null,
        };
        return "It holds from the next connection on: 'disconnect', then 'target remote' again. The guest stays where it is.\n";
    }
}
