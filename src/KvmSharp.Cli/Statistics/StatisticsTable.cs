using System.Globalization;
using Spectre.Console;

namespace KvmSharp.Cli;

/// <summary>Prints statistics as tables, for people.</summary>
internal static class StatisticsTable
{
    public static void Print(RunStatistics statistics, TextWriter writer)
    {
        IAnsiConsole console = Tables.On(writer);
        Table run = Tables.New("Run", "");
        run.AddRow("ended by", statistics.Stop.ToString());
        run.AddRow("instructions", Number(statistics.Instructions));
        run.AddRow("time", $"{statistics.Elapsed.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture)} s");
        run.AddRow("virtual time", $"{statistics.VirtualTime.TotalSeconds.ToString("F6", CultureInfo.InvariantCulture)} s");
        run.AddRow("MIPS", statistics.Mips.ToString("F1", CultureInfo.InvariantCulture));
        console.Write(run);

        Table exits = Tables.New("Exit", "Count");
        foreach ((VmExitReason reason, long count) in statistics.Exits)
        {
            exits.AddRow(reason.ToString(), Number(count));
        }

        foreach ((ushort port, long count) in statistics.Ports)
        {
            exits.AddRow($"  port {port:X}h", Number(count));
        }

        console.Write(exits);
    }

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString("N0", CultureInfo.InvariantCulture);
}
