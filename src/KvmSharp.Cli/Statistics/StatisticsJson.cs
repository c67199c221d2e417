using System.Globalization;
using System.Text;
using System.Text.Json;

namespace KvmSharp.Cli;

/// <summary>Prints statistics as one line of JSON, for programs.</summary>
internal static class StatisticsJson
{
    public static void Print(RunStatistics statistics, TextWriter writer)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("stop", statistics.Stop.ToString());
            json.WriteNumber("instructions", statistics.Instructions);
            json.WriteNumber("seconds", Math.Round(statistics.Elapsed.TotalSeconds, 6));
            json.WriteNumber("virtualSeconds", Math.Round(statistics.VirtualTime.TotalSeconds, 6));
            json.WriteNumber("mips", Math.Round(statistics.Mips, 3));
            json.WriteStartObject("exits");
            foreach ((VmExitReason reason, long count) in statistics.Exits)
            {
                json.WriteNumber(reason.ToString(), count);
            }

            json.WriteEndObject();
            json.WriteStartObject("ports");
            foreach ((ushort port, long count) in statistics.Ports)
            {
                json.WriteNumber(port.ToString("X", CultureInfo.InvariantCulture), count);
            }

            json.WriteEndObject();
            WriteEngine(json, statistics.Engine);
            json.WriteEndObject();
        }

        writer.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private static void WriteEngine(Utf8JsonWriter json, EngineStatistics engine)
    {
        json.WriteStartObject("engine");
        json.WriteNumber("blocks", engine.Blocks);
        json.WriteNumber("regions", engine.Regions);
        json.WriteNumber("regionsDropped", engine.RegionsDropped);
        json.WriteNumber("translatedInstructions", engine.TranslatedInstructions);
        json.WriteNumber("translationSeconds", Math.Round(engine.TranslationTime.TotalSeconds, 6));
        json.WriteNumber("retiredTranslatedPercent", Math.Round(engine.TranslatedPercent, 3));
        json.WriteStartObject("sideExits");
        foreach ((SideExitReason reason, ulong count) in engine.SideExits)
        {
            json.WriteNumber(reason.ToString(), count);
        }

        json.WriteEndObject();
        json.WriteNumber("tlbMisses", engine.TlbMisses);
        json.WriteEndObject();
    }
}
