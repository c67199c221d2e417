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
        console.Write(EngineTable(statistics.Engine));

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

    private static Table EngineTable(EngineStatistics engine)
    {
        Table table = Tables.New("Engine", "");
        table.AddRow("blocks decoded", Number(engine.Blocks));
        table.AddRow("regions translated", Number(engine.Regions));
        table.AddRow("regions dropped", Number(engine.RegionsDropped));
        table.AddRow("instructions in regions", Number(engine.TranslatedInstructions));
        table.AddRow("time translating", $"{engine.TranslationTime.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture)} s");
        table.AddRow("retired translated", $"{engine.TranslatedPercent.ToString("F1", CultureInfo.InvariantCulture)} %");
        foreach ((SideExitReason reason, ulong count) in engine.SideExits)
        {
            table.AddRow($"  left for {reason}", Number(count));
        }

        table.AddRow("TLB misses", Number(engine.TlbMisses));
        return table;
    }

    private static string Number<T>(T value)
        where T : IFormattable => value.ToString("N0", CultureInfo.InvariantCulture);
}
